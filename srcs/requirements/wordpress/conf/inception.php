<?php
// Must-use plugin: updates come with a new image, so WordPress' checks for updates are removed.
remove_action('init', 'wp_schedule_update_checks');
foreach (['wp_version_check', 'wp_update_plugins', 'wp_update_themes'] as $check) {
    remove_all_actions($check);
    add_action('init', static fn () => wp_clear_scheduled_hook($check));
}
add_filter('pre_site_transient_update_core', '__return_null');
