#!/bin/sh
# Puts the site's files and its salt in place. Safe to be killed and run again at any point.
set -eu

# The files come from the image; the volume keeps what people add. The mark is written last, so a copy that was cut off is
# done again, and a new image's files replace the old one's. A folder that somebody has moved elsewhere and linked stays
# linked. Only the volume's own disk is waited for.
if ! cmp -s /usr/src/wordpress/site.image /var/www/html/.copied; then
  tar -C /var/www/html --keep-directory-symlink -xpf /usr/src/wordpress/site.tar
  sync --file-system /var/www/html
  cp /usr/src/wordpress/site.image /var/www/html/.copied
fi
if [ ! -s /var/www/html/.salt ]; then
  (umask 077; head -c 48 /dev/urandom | base64 -w 0 > /var/www/html/.salt.new)
  mv /var/www/html/.salt.new /var/www/html/.salt
fi
