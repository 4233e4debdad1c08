#!/bin/sh
set -eu
mount --bind /var/lib/phoenix /var/lib/phoenix
mount -o remount,bind,ro /var/lib/phoenix
