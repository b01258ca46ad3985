<?php
// Adminer with the database's name filled in.
function adminer_object()
{
    return new class extends Adminer {
        public function loginForm()
        {
            if (!isset($_GET['server']) && !isset($_GET['username'])) {
                $_GET['server'] = 'mariadb';
            }
            parent::loginForm();
        }
    };
}
require __DIR__ . '/adminer.php';
