#!/bin/sh
echo "$2: this machine lacks what the new configuration needs" >&2
exit 1
