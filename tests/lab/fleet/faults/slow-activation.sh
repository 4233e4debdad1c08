#!/bin/sh
echo "migrating state for @seconds@ seconds"
exec sleep @seconds@
