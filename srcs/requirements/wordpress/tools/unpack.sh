#!/bin/sh
# Puts the site's files and its salt in place. May be killed at any point and run again.
set -eu

# WordPress' files come from the image; the volume also keeps the files that users add. `.copied` is written last, so an
# incomplete copy is done again, and the files of a new image replace the old ones. A folder that a user has replaced by a
# link stays a link. Only this file system is synced.
if ! cmp -s /usr/src/wordpress/site.image /var/www/html/.copied; then
  tar -C /var/www/html --keep-directory-symlink -xpf /usr/src/wordpress/site.tar
  sync --file-system /var/www/html
  cp /usr/src/wordpress/site.image /var/www/html/.copied
fi
if [ ! -s /var/www/html/.salt ]; then
  (umask 077; head -c 48 /dev/urandom | base64 -w 0 > /var/www/html/.salt.new)
  mv /var/www/html/.salt.new /var/www/html/.salt
fi
