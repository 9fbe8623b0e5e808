"""The files of messages: kept by content, under `<data>/media/<sha256>`, with a row each in the database.

folder      the directory: files that arrive, files that are kept, the room that is left
file_types  the type of a file, by its content
media       MediaStore: puts files in and opens them, for any thread
fetching    files from their addresses, through the guard of webhooks
conversion  voice, video and stickers as phones play them, by ffmpeg
retention   the actor that deletes files whose time is over
threads     threads for work on the directory
"""
