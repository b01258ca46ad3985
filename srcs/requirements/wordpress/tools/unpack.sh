#!/bin/sh
# Puts the site's files in place: `unpack.sh programs` what PHP reads, and the salt; then `unpack.sh rest` what only browsers
# read. May be killed at any point and run again.
set -eu

# WordPress' files come from the image; the volume also keeps the files that users add. `.copied` is written last, when all
# files are on the disk, and removed first, so an incomplete copy is done again, and the files of a new image replace the old
# ones, also where an earlier image comes back. A folder that
# a user has replaced by a link stays a link. Only this file system is synced.
is_copied() { cmp -s /usr/src/wordpress/site.image /var/www/html/.copied; }
unpack() { tar -C /var/www/html --keep-directory-symlink -xpf "/usr/src/wordpress/$1.tar"; }

case $1 in
  programs)
    is_copied || { rm -f /var/www/html/.copied; unpack programs; }
    if [ ! -s /var/www/html/.salt ]; then
      (umask 077; head -c 48 /dev/urandom | base64 -w 0 > /var/www/html/.salt.new)
      mv /var/www/html/.salt.new /var/www/html/.salt
    fi
    ;;
  rest)
    is_copied && exit 0
    unpack rest
    sync --file-system /var/www/html
    cp /usr/src/wordpress/site.image /var/www/html/.copied
    ;;
esac
