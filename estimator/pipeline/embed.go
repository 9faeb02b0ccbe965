package pipeline

import (
	"fmt"
	"math"
)

// embedStages run an encoder over documents in batches: 2·(4d² + 2·d·ffn) FLOPs
// a layer and token, which is 24·d² with the usual feed-forward part, and
// attention of 4·S·d.
func (m *Model) embedStages(j *Job) ([]Stage, error) {
	i := -1
	for k := range m.Components {
		if r := m.Components[k].Role; r == Encoder || r == TextEncoder || r == LanguageModel {
			i = k
			break
		}
	}
	if i < 0 {
		return nil, fmt.Errorf("%s: it has no encoder: give a component with the role %q", m.ID, Encoder)
	}
	c, documents := &m.Components[i], float64(j.Documents)
	if c.Params <= 0 && (c.Layers <= 0 || c.Hidden <= 0) {
		return nil, fmt.Errorf("%s: neither the size nor the layers of %q are known: give params", m.ID, c.Name)
	}
	calls := math.Ceil(documents / float64(j.Batch))
	st := c.encode(documents/calls, float64(j.SequenceTokens)) // on the mean: the last call may be part filled
	st.Tokens *= math.Min(float64(j.Batch), documents) * calls / documents
	st.Name, st.Component, st.Work, st.Calls = "embedding", i, WorkEmbed, calls
	return []Stage{st}, nil
}
