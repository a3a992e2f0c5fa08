"""The add-on's container, built from the repository's Dockerfile on a base that stands in."""
