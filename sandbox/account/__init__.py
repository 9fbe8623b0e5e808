"""What an account has besides messages: its profile, chats, address book and blocklist, and whether it is there."""
