package pipeline

// WeightBytes is the size of each component's weights, in the components'
// order, as the request's setup stores them; 0 where a size is not known. The
// error names a format that is not known.
func (req *Request) WeightBytes() ([]float64, error) {
	out := make([]float64, len(req.Model.Components))
	for i := range req.Model.Components {
		c := &req.Model.Components[i]
		f, err := req.formatOf(c, &req.Setup)
		if err != nil {
			return nil, err
		}
		out[i], _ = c.bytes(f, c.Params, false)
	}
	return out, nil
}
