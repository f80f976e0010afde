"""Look through certificates, of a vault or of files."""
