# Sourced by the scripts beside it: room in memory for what is thrown away. A disk that must be waited for thousands of times shows
# nothing in a test: what is killed with -9 leaves the same in memory as on a disk, and only a power cut is another matter.

MEMORY=/dev/shm
# The whole suite has less than half of it at once.
ROOM_IN_KIB=$((4 * 1024 * 1024))

memory_has_room() {
    [[ $(stat --file-system --format=%T "$MEMORY" 2>/dev/null) == tmpfs && -w $MEMORY ]] &&
        [[ $(df --output=avail -k "$MEMORY" | tail -n 1) -ge $ROOM_IN_KIB ]] &&
        [[ $(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) -ge $ROOM_IN_KIB ]]
}
