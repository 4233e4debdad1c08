#!/bin/sh
# As when a release first makes the folder a mount of its own.
exec mount -t tmpfs -o mode=0755 lab-state /var/lib/phoenix
