package engine

// Engine is one inference engine's rules, read from data.
type Engine struct {
	ID      string   `json:"id"`
	Aliases []string `json:"aliases,omitempty"`
	Name    string   `json:"name"`
}
