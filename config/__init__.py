"""Settings of the service: one explicit object, read once, passed down. Table of contents.

settings   what can be set, its unit, its limits, its default
loading    where values come from (options, environment, file), and what is said when they cannot be
reference  the same as a Markdown table
refusal    the error of a service that cannot start
"""
