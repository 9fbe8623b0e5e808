"""The vocabularies of tables that stand for themselves, one module a table.

media   the files of the media store
"""
