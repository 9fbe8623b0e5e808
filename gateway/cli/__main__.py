"""`python -m gateway.cli`: the same as `session-manager`."""

from gateway.cli import main

if __name__ == "__main__":
    main()
