#!/bin/sh
exec rm -rf /var/lib/phoenix
