package pipeline

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Loaded is a stage with what it asks of where it runs.
type Loaded struct {
	Stage
	Load  *Load
	Where string // "device" or "host"
}

// Loads says what the stages of a job ask for, with a resolved setup.
func Loads(req *Request, setup *Setup) ([]Loaded, []string, error) {
	if req.Rates == nil || req.Host == nil {
		return nil, nil, fmt.Errorf("there are no calibrated rates of pipelines")
	}
	job, err := req.Model.Resolve(req.Job)
	if err != nil {
		return nil, nil, err
	}
	stages, err := Stages(req.Model, job)
	if err != nil {
		return nil, nil, err
	}
	node := req.Machine.Primary()
	var device *site
	host := hostSite(&node.Host, req.Host, setup.Threads)
	if len(node.Devices) > 0 && setup.Backend != backendCPU {
		device = deviceSite(node.Devices[0], &node.Host, req.Host)
	}
	n, assumed := float64(max(setup.Sequence, 1)), []string(nil)
	out := make([]Loaded, 0, len(stages))
	for i := range stages {
		st := &stages[i]
		st.stack(job.Passes, setup.Guidance, req.apart())
		c := &req.Model.Components[st.Component]
		f, err := req.formatOf(c, setup)
		if err != nil {
			return nil, nil, err
		}
		at, where := device, "device"
		if device == nil || setup.TextOnCPU && c.Role == TextEncoder {
			at, where = host, "host"
		}
		share := 1.0
		if st.divides() {
			share = n
		}
		l, err := req.loadOf(st, c, f, at, setup, share)
		if err != nil {
			return nil, nil, err
		}
		if where == "device" && !node.Devices[0].Unified {
			req.transfer(l, st, c, f, setup, req.Host.LinkBps(node.Devices[0]))
		}
		if st.Assumed != "" {
			assumed = append(assumed, st.Name+": "+st.Assumed)
		}
		out = append(out, Loaded{Stage: *st, Load: l, Where: where})
		if where == "host" {
			assumed = append(assumed, host.assumed...)
		}
	}
	return out, unique(assumed), nil
}

// stack leaves each device its passes of a step: in one call, side by side, as
// most engines make them, or one after another.
func (st *Stage) stack(passes, guidance int, apart bool) {
	if passes <= 1 || !st.divides() {
		return
	}
	n := together(passes, guidance)
	st.Calls /= float64(passes)
	if apart {
		st.Calls *= n
		return
	}
	st.FLOPs, st.Attention, st.Moved, st.Tokens = st.FLOPs*n, st.Attention*n, st.Moved*n, st.Tokens*n
}

// apart says whether the passes of a step run one after another.
func (req *Request) apart() bool { return req.Engine.PassesApart || req.Model.PassesApart }

// together is how many of a step's passes one device makes.
func together(passes, guidance int) float64 {
	guidance = max(guidance, 1)
	return float64((passes + guidance - 1) / guidance)
}

// divides says whether several devices share the stage's tokens.
func (st *Stage) divides() bool { return st.Work == WorkConv || st.Work == WorkDiT }

// backendCPU is the backend of a host without accelerator.
const backendCPU = "cpu"

// transfer adds the time to bring weights that lie in main memory.
func (req *Request) transfer(l *Load, st *Stage, c *Component, f *Format, setup *Setup, linkBps float64) {
	bytes := f.Bytes(int64(st.Weights))
	whole, _ := c.bytes(f, c.Params, req.Engine.HalfConvolutions) // a component comes whole, with all its experts
	whole = math.Max(whole, bytes)
	if linkBps <= 0 || bytes <= 0 {
		return
	}
	switch setup.Offload {
	case OffloadModel: // once for all calls
		l.Transfer = whole / linkBps / math.Max(l.Calls, 1)
	case OffloadBlocks:
		if layers := c.layers(); c.Role == Denoiser && layers > 0 {
			l.Transfer = bytes * math.Min(1, float64(setup.Blocks)/float64(layers)) / linkBps
			l.Overlap = true
		} else {
			l.Transfer = whole / linkBps / math.Max(l.Calls, 1)
		}
	case OffloadGroup:
		l.Transfer, l.Overlap = bytes/linkBps, true
	case OffloadSequential:
		l.Transfer = bytes / linkBps
	}
}

// layers counts a component's layers.
func (c *Component) layers() int { return c.Layers + c.DoubleLayers + c.SingleLayers }

// formatOf is the format that a component is kept in.
func (req *Request) formatOf(c *Component, setup *Setup) (*Format, error) {
	name := setup.Format
	switch c.Role {
	case TextEncoder, VisionTower:
		name = setup.TextFormat
		if name == "" {
			name = plain(setup.Format)
		}
	case VAE, Vocoder:
		name = plain(setup.Format)
		if c.Upcast {
			name = "fp32"
		}
	}
	return req.FormatNamed(name)
}

// plain is the format of components that are not quantised where the main one
// is: whole numbers of 16 bits, or of 32.
func plain(format string) string {
	if strings.EqualFold(format, "fp32") || strings.EqualFold(format, "f32") {
		return "fp32"
	}
	return "fp16"
}

// FormatNamed returns the format of a name or alias, in any case.
func (req *Request) FormatNamed(name string) (*Format, error) {
	for i := range req.Formats {
		if f := &req.Formats[i]; f.named(name) {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no weight format %q is known for pipelines", name)
}

// named says whether a name or alias is the format's, in any case.
func (f *Format) named(name string) bool {
	same := func(s string) bool { return strings.EqualFold(s, name) }
	return same(f.Name) || slices.ContainsFunc(f.Aliases, same)
}

// Time says how long the job takes with the setup of fit.
func Time(req *Request, fit *Fit) (*Outcome, error) {
	job, err := req.Model.Resolve(req.Job)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Job: job, Setup: fit.Setup}
	loaded, assumed, err := Loads(req, &fit.Setup)
	out.Assumptions = assumed
	if err != nil {
		for _, name := range mainFigures(req.Model.Class) {
			out.Unavailable = append(out.Unavailable, Unavailable{Figure: name, Reason: err.Error()})
		}
		return out, nil
	}
	loads := make([]*Load, len(loaded))
	for i := range loaded {
		loads[i] = loaded[i].Load
	}
	level := LevelOf(loads, req.Rates)
	sd := req.Rates.Spread(req.Model.Class, level)
	out.Basis = req.basis(level)
	value := func(k string) float64 { return req.Rates.Values[k] }
	total := 0.0
	for i := range loaded {
		l := &loaded[i]
		seconds, parts := l.Load.Seconds(req.Rates.Corner, value)
		if math.IsNaN(seconds) || math.IsInf(seconds, 0) {
			return nil, fmt.Errorf("%s: the time of %s cannot be told: the job is too large", req.Model.ID, l.Name)
		}
		total += seconds
		out.Stages = append(out.Stages, StageTime{Stage: l.Stage, Seconds: *out.figure(seconds, sd, "s"), Bound: bound(l.Load, parts), Where: l.Where})
	}
	for i := range out.Stages {
		out.Stages[i].Share = out.Stages[i].Seconds.Value / math.Max(total, 1e-300)
	}
	out.figures(req.Model, total, sd, &job)
	return out, nil
}

// Spread is the standard deviation of the logarithm of a time.
func (r *Rates) Spread(c Class, level Level) float64 {
	for l := level; l < levels; l++ {
		if sd := r.SD[string(c)+"/"+l.String()]; sd > 0 {
			return sd
		}
	}
	for l := level; l < levels; l++ {
		if sd := r.SD["*/"+l.String()]; sd > 0 {
			return sd
		}
	}
	return assumedSD
}

// assumedSD is the spread of the logarithm where nothing like it was measured.
const assumedSD = 0.8

// Z80 is the normal deviate that holds 80% on both sides.
const Z80 = 1.2816

// figure is a time or a rate, whose logarithm has the standard deviation sd: the
// interval of either is as wide, and its ends are in order.
func (o *Outcome) figure(v, sd float64, unit string) *Figure {
	f := math.Exp(Z80 * sd)
	return &Figure{Value: v, Low: v / f, High: v * f, Unit: unit, Basis: o.Basis}
}

// bound names what most of a stage's time goes to.
func bound(l *Load, parts [4]float64) string {
	work := parts[RateCompute] + parts[RateAttention] + parts[RateMemory]
	switch {
	case l.Transfer > math.Max(work, parts[RateLaunch]):
		return "transfer"
	case parts[RateLaunch] > work:
		return "launch"
	case parts[RateMemory] > parts[RateCompute]+parts[RateAttention]:
		return "memory"
	}
	return "compute"
}

// mainFigures are the figures of a class, the one that people ask for first.
func mainFigures(c Class) []string {
	switch c {
	case TextToImage:
		return []string{"latency_s", "s_per_image", "it_s", "images_per_min"}
	case TextToVideo:
		return []string{"latency_s", "s_per_video_s", "it_s"}
	case Embedding:
		return []string{"docs_s", "tok_s", "latency_s"}
	}
	return []string{"rtf", "latency_s"}
}

// figures turns the time into what the class is measured by.
func (o *Outcome) figures(m *Model, total, sd float64, j *Job) {
	side := float64(max(o.Setup.Data, 1))
	o.LatencyS = o.figure(total, sd, "s")
	step := 0.0
	for i := range o.Stages {
		if st := &o.Stages[i]; st.Work == WorkConv || st.Work == WorkDiT {
			step += st.Seconds.Value
		}
	}
	batch := float64(max(j.Batch, 1))
	if step > 0 && j.Steps > 0 {
		o.StepsPerS = o.figure(float64(j.Steps)/step, sd, "it/s")
	}
	switch m.Class {
	case TextToImage:
		o.SecondsPerImage = o.figure(total/batch/side, sd, "s")
		o.ImagesPerMin = o.figure(60*batch*side/total, sd, "images/min")
	case TextToVideo:
		if j.FPS > 0 && j.Frames > 0 {
			o.SecondsPerVideoS = o.figure(total*j.FPS/float64(j.Frames)/batch/side, sd, "s")
		}
	case Recognition, Synthesis, Denoising:
		if audio := j.AudioSeconds * m.Clips(j); audio > 0 {
			o.RealTimeFactor = o.figure(total/audio/side, sd, "s/s")
		}
		o.speech(m, sd, j)
	case Embedding:
		docs := float64(max(j.Documents, j.Batch, 1))
		o.DocumentsPerS = o.figure(docs*side/total, sd, "documents/s")
		o.TokensPerS = o.figure(docs*side*float64(j.SequenceTokens)/total, sd, "tok/s")
	}
}

// speech adds what is asked of speech: a window's encoding, a token's decoding,
// and when the first audio can be heard.
func (o *Outcome) speech(m *Model, sd float64, j *Job) {
	// What is made in chunks is heard when the first is done; the rest, and all
	// that works on the whole at once, when all is.
	part := 1.0
	if j.ChunkSeconds > 0 && j.AudioSeconds > j.ChunkSeconds {
		part = j.ChunkSeconds / j.AudioSeconds
	}
	first, frames := 0.0, false
	for i := range o.Stages {
		st, c := &o.Stages[i], &m.Components[o.Stages[i].Component]
		switch s := st.Seconds.Value; st.Work {
		case WorkSpeech, WorkSpeechTokens:
			first += s * part
		default:
			first += s
		}
		if st.Calls <= 0 {
			continue
		}
		ms := 1e3 * st.Seconds.Value / st.Calls / m.abreast(j)
		switch {
		case st.Work == WorkAudioEncode:
			o.EncodeMs = o.figure(ms, sd, "ms")
		case st.Work == WorkSpeechTokens, st.Work == WorkAudioDecode && c.writes():
			o.DecodeMsPerTok = o.figure(ms/float64(max(j.Beam, 1)), sd, "ms")
		case st.Work == WorkAudioDecode:
			frames = true
		}
	}
	if frames && o.DecodeMsPerTok == nil {
		o.Unavailable = append(o.Unavailable, Unavailable{Figure: "decode_ms_per_token", Reason: "the decoder runs once a frame of audio, and how many of them become tokens is not known"})
	}
	if m.Class == Synthesis {
		o.FirstAudioMs = o.figure(1e3*first, sd, "ms")
	}
}

// LevelOf says how near the measurements behind rates are to what loads ask
// for: those that moved the parameters of the longest.
func LevelOf(loads []*Load, r *Rates) Level {
	best, longest := LevelWork, -1.0
	for _, l := range loads {
		t, _ := l.Seconds(r.Corner, func(k string) float64 { return r.Values[k] })
		if t <= longest {
			continue
		}
		longest, best = t, LevelWork
		for _, term := range l.Terms[RateCompute] {
			if r.Rows[term.Key] == 0 {
				continue
			}
			_, key, _ := strings.Cut(term.Key, "|")
			switch kind, _, _ := strings.Cut(key, ":"); kind {
			case "device":
				best = min(best, LevelDevice)
			case "family":
				best = min(best, LevelFamily)
			case "engine,work":
				best = min(best, LevelEngine)
			}
		}
	}
	return best
}

// basis says in words what the times rest on.
func (req *Request) basis(level Level) string {
	engine := req.Engine.Name
	switch level {
	case LevelDevice:
		return "calibrated: " + engine + ", measurements of this device"
	case LevelFamily:
		return "calibrated: " + engine + ", measurements of devices of its family"
	case LevelEngine:
		return "calibrated: " + engine + ", measurements of other devices"
	}
	return "assumed: measurements of other engines and devices"
}

func unique(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
