"""The rest of an account besides messages: its profile, chats, address book, blocklist and presence."""
