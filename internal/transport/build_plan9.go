package transport

// Plan 9 has no socket errors of its own in package syscall, and neither
// Unix-domain sockets nor socket options. This undefined name is the first error
// of a build for it, and says so.
type unsupported plan9_is_not_supported_see_README
