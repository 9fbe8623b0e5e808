"""What an account keeps besides messages: the state of its chats, its address book and blocklist."""
