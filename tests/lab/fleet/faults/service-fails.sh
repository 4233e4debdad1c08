#!/bin/sh
echo "$1: configuration error: unknown directive 'listenn' in line 12" >&2
echo "$1: giving up" >&2
exit 1
