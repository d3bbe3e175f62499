"""Everything that analysts and search engines read: 49 resources in the shape of the warehouse document."""
