"""What texts from outside may be: texts of strangers, and hosts in addresses. Pure; everything may import it.

readable   what every strict reader takes, cut between characters
hosts      names and numbers of machines
"""
