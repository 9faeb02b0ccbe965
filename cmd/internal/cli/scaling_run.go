package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll/plimsoll/cmd/internal/problem"
	"github.com/plimsoll/plimsoll/cmd/internal/report"
	"github.com/plimsoll/plimsoll/cmd/internal/units"
	"github.com/plimsoll/plimsoll/estimator"
	"github.com/plimsoll/plimsoll/estimator/scaling"
	"github.com/plimsoll/plimsoll/profiles"
)

// Bounds of one question.
const (
	maxScalingSizes  = 12
	maxScalingServed = 64
)

// scaling answers one question.
func (a *app) scaling(cmd *cobra.Command, o *scalingOptions) error {
	if err := oneOf("output", o.output.form, scalingForms...); err != nil {
		return err
	}
	laws, err := chosenLaws(&o.in)
	if err != nil {
		return err
	}
	if err := checkScaling(&o.in); err != nil {
		return err
	}
	doc := report.NewScaling(o.in, report.Versions{Tool: toolVersion(), Data: a.Facts.DataVersion()})
	ctx := cmd.Context()
	switch o.in.Ask {
	case report.AskOverview:
		doc.Uses(laws)
		doc.Warnings = []estimator.Warning{} // they are said beside each law
		models, err := profiles.TrainedModels()
		if err != nil {
			return problem.Failed(err.Error())
		}
		doc.Published(models)
	case report.AskOptimum:
		err = optima(doc, laws, o.explain)
	case report.AskLoss:
		err = losses(doc, laws, o.explain)
	case report.AskLifetime:
		err = a.lifetimes(ctx, doc, laws, o.explain)
	case report.AskTrain:
		err = a.training(ctx, doc, o.explain)
	default:
		err = problem.Wrong(problem.BadFile, fmt.Sprintf("unknown question %.60q", o.in.Ask), "--from", "give a file that plimsoll scaling --output json wrote")
	}
	if err != nil {
		return err
	}
	return a.writeScaling(doc, o)
}

// chosenLaws finds the laws asked for, or all; their names in the inputs become
// ids.
func chosenLaws(in *report.ScalingInputs) ([]*scaling.Law, error) {
	if len(in.Laws) == 0 {
		laws, err := profiles.ScalingLaws()
		if err != nil {
			return nil, problem.Failed(err.Error())
		}
		return laws, nil
	}
	var laws []*scaling.Law
	var ids []string
	for _, name := range in.Laws {
		l, err := profiles.ScalingLaw(name)
		if err != nil {
			return nil, problem.Wrong(problem.BadValue, err.Error(), "--law", "")
		}
		laws, ids = append(laws, l), append(ids, l.ID)
	}
	in.Laws = ids
	return laws, nil
}

// checkScaling checks inputs, which may come from a file.
func checkScaling(in *report.ScalingInputs) error {
	wrong := func(what string) error {
		return problem.Wrong(problem.BadValue, what, "plimsoll scaling", "give numbers above 0 and below 1e40")
	}
	const most = 1e40
	for _, v := range []float64{in.FLOPs, in.Tokens, in.Loss, in.TrainUSDPerFLOP, in.ServeUSDPerFLOP, in.ServeUSDPerMToken} {
		if !(v >= 0 && v <= most) {
			return wrong(fmt.Sprintf("%g is out of range", v))
		}
	}
	for _, v := range in.Served {
		if !(v >= 0 && v <= most) {
			return wrong(fmt.Sprintf("%g served tokens are out of range", v))
		}
	}
	if len(in.Sizes) > maxScalingSizes || len(in.Served) > maxScalingServed || len(in.Laws) > maxScalingServed {
		return problem.Wrong(problem.BadValue, "too many at once", "plimsoll scaling", fmt.Sprintf("give up to %d --sizes and %d numbers of --served", maxScalingSizes, maxScalingServed))
	}
	models := make([]*report.ScalingModel, 0, len(in.Sizes)+1)
	for i := range in.Sizes {
		models = append(models, &in.Sizes[i])
	}
	if in.Model != nil {
		models = append(models, in.Model)
	}
	for _, m := range models {
		m.Name, m.Source = problem.OneLine(m.Name), problem.OneLine(m.Source)
		if !(m.Params > 0 && m.Params <= most && m.ActiveParams > 0 && m.ActiveParams <= m.Params && m.NonEmbedding >= 0 && m.NonEmbedding <= m.Params) {
			return wrong("the parameters of " + m.Name + " are out of range")
		}
	}
	counted := in.Tokens > 0 && in.Model != nil
	if (in.Ask == report.AskLoss || in.Ask == report.AskTrain) && !counted || in.Ask == report.AskTrain && in.Machine == nil ||
		in.Ask == report.AskLifetime && (counted == (in.Loss > 0) || len(in.Served) == 0) {
		return problem.Wrong(problem.BadFile, "the inputs are not complete", "--from", "give a file that plimsoll scaling --output json wrote")
	}
	return nil
}

// sparse warns where a law is asked about a mixture of experts.
func sparse(doc *report.Scaling, models ...report.ScalingModel) {
	for _, m := range models {
		if m.ActiveParams < m.Params {
			doc.Warn("mixture_of_experts", m.Name+" is a mixture of experts: the laws are of dense models, and see its active parameters only")
		}
	}
}

// counts says how a law counts the parameters that were given.
func counts(doc *report.Scaling, l *scaling.Law, m *report.ScalingModel) float64 {
	switch {
	case !l.NonEmbedding:
	case m.NonEmbedding > 0:
		doc.Assume(fmt.Sprintf("%s counts no embeddings: %s of %s", l.ID, units.Amount(m.NonEmbedding), m.Name))
		return m.NonEmbedding
	default:
		doc.Assume(l.ID + " counts no embeddings: the parameters given are taken to have none")
	}
	return m.ActiveParams
}

func optima(doc *report.Scaling, laws []*scaling.Law, explain bool) error {
	in := &doc.Inputs
	doc.Uses(laws)
	for _, l := range laws {
		b := scaling.Budget{FLOPs: in.FLOPs, Tokens: in.Tokens}
		if in.Model != nil {
			b = scaling.Budget{Params: counts(doc, l, in.Model)}
		}
		opt, err := l.Optimum(b)
		if err != nil {
			return problem.Wrong(problem.NotEstimable, err.Error(), "plimsoll scaling optimum", "give a number nearer to what is trained")
		}
		doc.Optimum(l, opt)
		if explain {
			doc.Derive(l.ExplainOptimum(opt))
		}
	}
	unlike(doc, laws)
	if in.Model != nil {
		sparse(doc, *in.Model)
	}
	return nil
}

func losses(doc *report.Scaling, laws []*scaling.Law, explain bool) error {
	in := &doc.Inputs
	var used []*scaling.Law
	for _, l := range laws {
		if l.Surface == nil {
			doc.Loss(l, 0, nil)
			continue
		}
		n := counts(doc, l, in.Model)
		doc.Loss(l, scaling.TrainingFLOPs(n, in.Tokens), l.Loss(n, in.Tokens))
		if explain {
			doc.Derive(l.ExplainLoss(n, in.Tokens))
		}
		used = append(used, l)
	}
	if len(doc.Result.Losses) == 0 {
		return problem.Wrong(problem.NotEstimable, laws[0].ID+" does not say what loss a model reaches", "--law", "use kaplan, chinchilla-3 or chinchilla-replication")
	}
	doc.Uses(used)
	unlike(doc, used)
	sparse(doc, *in.Model)
	return nil
}

// unlike warns where losses of different data stand side by side.
func unlike(doc *report.Scaling, laws []*scaling.Law) {
	var data []string
	of := map[string][]string{}
	for _, l := range laws {
		if l.Surface == nil {
			continue
		}
		if of[l.Comparable] == nil {
			data = append(data, l.Comparable)
		}
		of[l.Comparable] = append(of[l.Comparable], l.ID)
	}
	if len(data) < 2 {
		return
	}
	parts := make([]string, len(data))
	for i, d := range data {
		parts[i] = strings.Join(of[d], " and ") + " on " + d
	}
	doc.Warn("losses_differ", "losses are by "+strings.Join(parts, ", by ")+", each with its own tokeniser: compare only losses on the same data")
}

// readScaling reads the inputs of a saved answer.
func (a *app) readScaling(path string, o *scalingOptions) error {
	var saved struct {
		Inputs report.ScalingInputs `json:"inputs"`
	}
	if err := a.readSaved(path, "saved answer", "plimsoll scaling --output json", maxSaved, &saved); err != nil {
		return err
	}
	if saved.Inputs.Ask == "" {
		return problem.Wrong(problem.BadFile, "the saved answer has no question", "--from "+path, "give a file that plimsoll scaling --output json wrote")
	}
	o.in = saved.Inputs
	return nil
}
