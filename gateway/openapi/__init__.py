"""What every call takes and answers, as a table (`operations`), and the OpenAPI document made of it (`document`).

The shapes are those that requests are checked by and answers are filled in by: there are no others.
"""
