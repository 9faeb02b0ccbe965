package corpus

// RepositoryFormat returns the weight format that the name of a repository
// states, "" for none: "FP8" of "Meta-Llama-3.1-8B-Instruct-FP8-dynamic".
func RepositoryFormat(name string) string { return formatIn(name) }

// RepositoryWord returns the word of the name that states it, as it is written.
func RepositoryWord(name string) string {
	found := checkpointWord().FindAllStringSubmatch(name, -1)
	if len(found) == 0 || formatIn(name) == "" {
		return ""
	}
	return found[len(found)-1][1]
}
