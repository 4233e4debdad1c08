#!/bin/sh
# init: what a boot loader would start, had the lab's hosts a boot loader.
set -eu
toplevel=$(dirname "$(readlink -f "$0")")
"$toplevel/activate"
"$toplevel/sw/bin/ln" -sfn "$toplevel" /run/booted-system
exec /sbin/init
