"""Doubles of programs that Reflow talks to, as real servers on loopback."""
