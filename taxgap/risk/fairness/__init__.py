"""Who bears the burden of enquiries when a ranking chooses them."""
