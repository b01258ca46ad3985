<?php
// Keeps WordPress' objects in Redis between requests. Without Redis they are kept for one request; errors of Redis are caught.
// Each value is stored inside a list, because a bare `false` would look like a missing value.

function wp_cache_init(): void
{
    $GLOBALS['wp_object_cache'] = new WP_Object_Cache();
}

function wp_cache_add($key, $data, $group = '', $expire = 0): bool { return $GLOBALS['wp_object_cache']->add($key, $data, $group, (int) $expire); }
function wp_cache_set($key, $data, $group = '', $expire = 0): bool { return $GLOBALS['wp_object_cache']->set($key, $data, $group, (int) $expire); }
function wp_cache_replace($key, $data, $group = '', $expire = 0): bool { return $GLOBALS['wp_object_cache']->replace($key, $data, $group, (int) $expire); }
function wp_cache_get($key, $group = '', $force = false, &$found = null) { return $GLOBALS['wp_object_cache']->get($key, $group, $force, $found); }
function wp_cache_delete($key, $group = ''): bool { return $GLOBALS['wp_object_cache']->delete($key, $group); }
function wp_cache_incr($key, $offset = 1, $group = '') { return $GLOBALS['wp_object_cache']->change($key, (int) $offset, $group); }
function wp_cache_decr($key, $offset = 1, $group = '') { return $GLOBALS['wp_object_cache']->change($key, -(int) $offset, $group); }
function wp_cache_flush(): bool { return $GLOBALS['wp_object_cache']->flush(); }
function wp_cache_flush_runtime(): bool { return $GLOBALS['wp_object_cache']->forget(); }
function wp_cache_close(): bool { return true; }
function wp_cache_add_global_groups($groups): void {}
function wp_cache_add_non_persistent_groups($groups): void { $GLOBALS['wp_object_cache']->keep_local((array) $groups); }
function wp_cache_switch_to_blog($blog): void {}
function wp_cache_supports($feature): bool { return in_array($feature, ['get_multiple', 'flush_runtime'], true); }

function wp_cache_get_multiple($keys, $group = '', $force = false): array
{
    $values = [];
    foreach ($keys as $key) {
        $values[$key] = wp_cache_get($key, $group, $force);
    }
    return $values;
}

class WP_Object_Cache
{
    public int $cache_hits = 0;
    public int $cache_misses = 0;
    private array $local = [];
    private array $local_groups = [];
    private ?Redis $redis = null;

    public function __construct()
    {
        if (!class_exists('Redis') || INCEPTION_REDIS_PASSWORD === '' || gethostbyname(INCEPTION_REDIS_HOST) === INCEPTION_REDIS_HOST) {
            return;
        }
        $this->redis = $this->guard(static function () {
            $redis = new Redis();
            $redis->connect(INCEPTION_REDIS_HOST, 6379, 0.3, null, 0, 0.5);
            $redis->auth(INCEPTION_REDIS_PASSWORD);
            $redis->setOption(Redis::OPT_SERIALIZER, Redis::SERIALIZER_PHP);
            $redis->setOption(Redis::OPT_PREFIX, INCEPTION_CACHE_PREFIX . ':');
            return $redis;
        });
    }

    /** Makes a call to Redis. After an error this request uses Redis no more. */
    private function guard(callable $call)
    {
        try {
            return $call();
        } catch (Throwable $error) {
            $this->redis = null;
            return null;
        }
    }

    private function name($key, string $group): string
    {
        return ($group === '' ? 'default' : $group) . ':' . $key;
    }

    private function remote(string $group): ?Redis
    {
        return isset($this->local_groups[$group]) ? null : $this->redis;
    }

    public function keep_local(array $groups): void
    {
        $this->local_groups += array_fill_keys($groups, true);
    }

    public function get($key, $group = '', $force = false, &$found = null)
    {
        $name = $this->name($key, $group);
        if (!$force && array_key_exists($name, $this->local)) {
            $found = true;
            $this->cache_hits++;
            return $this->copy($this->local[$name]);
        }
        $redis = $this->remote($group);
        $value = $redis ? $this->guard(static fn () => $redis->get($name)) : null;
        $found = is_array($value) && array_key_exists(0, $value);
        if (!$found) {
            $this->cache_misses++;
            return false;
        }
        $this->cache_hits++;
        $this->local[$name] = $value[0];
        return $this->copy($value[0]);
    }

    private function copy($value)
    {
        return is_object($value) ? clone $value : $value;
    }

    public function set($key, $data, $group = '', int $expire = 0): bool
    {
        $name = $this->name($key, $group);
        $this->local[$name] = $this->copy($data);
        $redis = $this->remote($group);
        if ($redis) {
            $this->guard(static fn () => $expire > 0 ? $redis->setex($name, $expire, [$data]) : $redis->set($name, [$data]));
        }
        return true;
    }

    public function add($key, $data, $group = '', int $expire = 0): bool
    {
        if (function_exists('wp_suspend_cache_addition') && wp_suspend_cache_addition()) {
            return false;
        }
        $name = $this->name($key, $group);
        if (array_key_exists($name, $this->local)) {
            return false;
        }
        $redis = $this->remote($group);
        if ($redis) {
            $options = $expire > 0 ? ['nx', 'ex' => $expire] : ['nx'];
            if ($this->guard(static fn () => $redis->set($name, [$data], $options)) === false) {
                return false;
            }
        }
        $this->local[$name] = $this->copy($data);
        return true;
    }

    public function replace($key, $data, $group = '', int $expire = 0): bool
    {
        $this->get($key, $group, false, $found);
        return $found && $this->set($key, $data, $group, $expire);
    }

    public function delete($key, $group = ''): bool
    {
        $name = $this->name($key, $group);
        $existed = array_key_exists($name, $this->local);
        unset($this->local[$name]);
        $redis = $this->remote($group);
        $removed = $redis ? $this->guard(static fn () => $redis->del($name)) : 0;
        return $existed || $removed > 0;
    }

    public function change($key, int $by, $group = '')
    {
        $value = $this->get($key, $group, false, $found);
        if (!$found) {
            return false;
        }
        $value = max(0, (int) $value + $by);
        $this->set($key, $value, $group);
        return $value;
    }

    public function flush(): bool
    {
        $this->local = [];
        $redis = $this->redis;
        if ($redis) {
            $this->guard(static fn () => $redis->flushDB());
        }
        return true;
    }

    public function forget(): bool
    {
        $this->local = [];
        return true;
    }
}
