//go:build race

package socket_test

func init() { raceDetector = true }
