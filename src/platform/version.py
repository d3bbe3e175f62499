"""The version of this release, told in the OpenAPI document, the health page and the CHANGELOG."""

VERSION = "0.1.0"
