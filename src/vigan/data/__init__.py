"""Any source of examples -> one array and a manifest, and back."""
