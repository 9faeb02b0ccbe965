//go:build !linux

package measure

// processors is empty where threads cannot be pinned.
func processors() []int { return nil }

func pin(int) {}
