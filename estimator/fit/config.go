package fit

// Config says how strongly parameters are drawn towards the level above them
// and how observations are judged. It is data: profiles/calibration/fit.json.
type Config struct {
	// Kind is the standard deviation (of the log, or of the value for drifts)
	// of a kind's parameters around their prior; Set that of an engine and
	// backend around its kind; each by name of the parameter, "*" for others.
	Kind map[string]float64 `json:"kind"`
	Set  map[string]float64 `json:"set"`
	// Class is that of a format class around what the set's other classes say.
	Class map[string]float64 `json:"class"`
	// Like is that of the factors of sets that borrow another's base.
	Like map[string]float64 `json:"like"`
	// Shared are those of what holds of the hardware under any engine, and
	// Own those of what an engine adds to it, by level (vendor, family,
	// device) and factor.
	Shared map[string]map[string]float64 `json:"shared"`
	Own    map[string]map[string]float64 `json:"own"`
	// Scale is the spread of residuals within which they count as ordinary;
	// Freedom the degrees of freedom of Student's t beyond it.
	ScaleDecode  float64 `json:"scale_decode"`
	ScalePrefill float64 `json:"scale_prefill"`
	Freedom      float64 `json:"freedom"`
	Iterations   int     `json:"iterations"`
}

func pick(m map[string]float64, name string) float64 {
	if v, ok := m[name]; ok {
		return v
	}
	return m["*"]
}
