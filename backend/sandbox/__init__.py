"""A simulated WhatsApp: Evolution API 2.3.7 with a phone on the other side."""
