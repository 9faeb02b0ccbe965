// Package cost says what an estimate's work costs: money, energy and carbon,
// per hour, per million tokens, per request, per image or minute, and when
// buying a machine pays off against renting one.
//
// Prices are exact, so an interval comes from the speed and from the electric
// power alone. All amounts are of an hour in which the machine works: what it
// costs while it has nothing to do is spread over the hours in which it does.
// The steps are, in order:
//
//	Parts   how long each limit holds a phase back        (from roofline.Time)
//	Power   → watts at the wall, idle and in a phase       (shares of TDP)
//	Site    → kWh and gCO2e per hour of work               (PUE, carbon intensity)
//	Owned, Rental → USD per hour of work                   (Hour)
//	Spend   → per million tokens and per request           (Spent)
//
// Nothing here reads a price list or a clock: facts come in with their source.
// What is not known is absent with a reason, never zero. Not counted: staff,
// floor space, taxes, interest, network traffic, repairs, and the carbon and
// energy of making the hardware.
package cost
