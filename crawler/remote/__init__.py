"""Files on web servers, as long as they like, read piece by piece: neither memory nor disk ever holds one of them."""
