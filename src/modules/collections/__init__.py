"""Collections of products that shoppers make, keep for themselves or share by a link."""
