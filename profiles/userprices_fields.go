package profiles

// maxMoney bounds prices in a price file, in any currency.
const maxMoney = 1e12

// notGiven is an amount that the file leaves out; 0 is a price.
const notGiven = -1

func cloudFields(c *CloudPrice) []field {
	return []field{
		{"provider", &c.Provider, 0, "who rents it out"},
		{"instance", &c.Instance, 0, "name of the machine type"},
		{"devices", &c.Devices, maxDevices, "accelerators in one instance, 1 when left out"},
		{"vcpus", &c.VCPUs, 1e5, "virtual processors of one instance"},
		{"memory_gb", &c.MemoryGB, 1e6, "main memory of one instance, as the provider writes it"},
		{"region", &c.Region, 0, "where; left out for any"},
		{"on_demand_usd_h", &c.OnDemandUSD, maxMoney, "USD for an hour of one instance"},
		{"spot_usd_h", &c.SpotUSD, maxMoney, "the same where it may be taken away"},
	}
}

func purchaseFields(b *PurchasePrice) []field {
	return []field{
		{"name", &b.Name, 0, "name as the seller writes it"},
		{"covers", (*string)(&b.Covers), 0, "device (the accelerator alone, when left out), cpu (one processor) or machine (all of it)"},
		{"devices", &b.Devices, maxDevices, "accelerators that the price covers, 1 when left out"},
		{"what", &b.What, 0, "what sort of price: msrp, launch, list, street, used, or a word of your own"},
		{"amount", &b.Amount, maxMoney, "the price"},
		{"currency", &b.Currency, 0, "three letters, USD when left out"},
	}
}

func electricityFields(e *ElectricityPrice) []field {
	return []field{
		{"place", &e.Place, 0, "country (name or ISO code), continent, eu or world"},
		{"use", &e.Use, 0, "business (when left out) or residential"},
		{"amount", &e.Amount, maxMoney, "price of one kWh"},
		{"currency", &e.Currency, 0, "three letters, USD when left out"},
	}
}

func carbonFields(c *CarbonIntensity) []field {
	return []field{
		{"place", &c.Place, 0, "country (name or ISO code), continent, eu or world"},
		{"g_per_kwh", &c.GramsPerKWh, 1e5, "grams of CO2 equivalent per kWh"},
	}
}

func itemFields(key string, name, id *string) []field {
	return []field{
		{key, name, 0, "what is priced: a name of the catalogue"},
		{"id", id, 0, "or the id of a hardware profile of your own, taken as it is"},
	}
}

func citedFields(c *Cited) []field {
	return []field{
		{"date", (*string)(&c.Date), 0, "when the price was read: 2026-03-12, 2026-03 or 2026"},
		{"source", &c.Source, 0, "where the price comes from; the file when left out"},
		{"notes", &c.Notes, 0, "anything worth knowing"},
	}
}
