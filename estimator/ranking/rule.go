package ranking

// Rule says how models are ranked.
type Rule struct {
	Size       Cited      `json:"size"`
	Generation Generation `json:"generation"`
	Format     Format     `json:"format"`
	Speed      Speed      `json:"speed"`
}

// Cited is what a term is, where it comes from and what of it is assumed.
type Cited struct {
	About   string `json:"about"`
	Source  string `json:"source,omitempty"`
	Assumed string `json:"assumed,omitempty"`
}

// Generation is the worth of a newer release.
type Generation struct {
	Cited
	// DoublingMonths are those in which the size needed for the same ability
	// halves.
	DoublingMonths float64 `json:"doubling_months"`
	// Unknown is the month, as 2018-01, for which a model of unknown release
	// counts: the rule rewards only what is known.
	Unknown string `json:"unknown"`
}

// Format is what a weight format loses, by its perplexity.
type Format struct {
	Cited
	Unit struct {
		SmallPerplexity float64 `json:"small_perplexity"`
		SmallParams     float64 `json:"small_params"`
		LargePerplexity float64 `json:"large_perplexity"`
		LargeParams     float64 `json:"large_params"`
		Source          string  `json:"source"`
	} `json:"unit"`
	ReferencePerplexity float64 `json:"reference_perplexity"`
	ReferenceParams     float64 `json:"reference_params"`
	// Measured are formats of one model, with the sizes of its files.
	Measured []Measured `json:"measured"`
	Others   []Measured `json:"others"`
	Like     []struct {
		Names   []string `json:"names"`
		As      string   `json:"as"`
		Assumed string   `json:"assumed"`
	} `json:"like"`
	// Alike is the difference in doublings below which a narrower format takes
	// the place of a wider one.
	Alike      float64 `json:"alike"`
	AlikeAbout string  `json:"alike_about"`
	Otherwise  string  `json:"otherwise"`
	Native     struct {
		GammaBits float64 `json:"gamma_bits"`
		Source    string  `json:"source"`
		Assumed   string  `json:"assumed"`
	} `json:"native"`
}

// Measured is the perplexity of a format, beside that in 16 bit (0: the
// rule's reference).
type Measured struct {
	Name       string  `json:"name"`
	Perplexity float64 `json:"perplexity"`
	Reference  float64 `json:"reference_perplexity,omitempty"`
	GiB        float64 `json:"gib,omitempty"`
	Source     string  `json:"source,omitempty"`
	Assumed    string  `json:"assumed,omitempty"`
}

// Speed weighs a doubling of speed, below comfort and beyond it.
type Speed struct {
	Cited
	Weights map[string]struct {
		Below  float64 `json:"below"`
		Beyond float64 `json:"beyond"`
	} `json:"weights"`
}
