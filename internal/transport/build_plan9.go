package transport

// On Plan 9, package syscall has no socket error numbers, and there are no
// Unix-domain sockets or socket options. A build for Plan 9 fails with this
// undefined name as its first error.
type unsupported plan9_is_not_supported_see_README
