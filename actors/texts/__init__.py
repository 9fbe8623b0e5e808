"""The forms of texts from outside: texts of strangers, hosts, phone numbers. Pure; everything may import it.

readable        texts that every strict reader takes, cut between characters
hosts           names and numbers of machines
phone_numbers   numbers as people write them
"""
