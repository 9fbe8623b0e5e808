"""Files over HTTP, in both directions.

uploads   bodies with files in them, read as they arrive
intake    the files that requests name, made files of the media store
received  the files that came with messages
answer    a file as an HTTP answer
"""
