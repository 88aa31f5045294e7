"""Columns of many kinds, personal and not, into one CSV; the truth beside it as {column: kind or null}.

Values come from the generators of corpus.py; headers are as people write them. A fifth of the personal columns is dirty: empty cells, dummies,
values that were cut.

    columns.py ROWS SEED OUT.csv > truth.json
"""
import csv
import json
import random
import sys

rows, seed, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
sys.argv = ["corpus.py", "0", str(seed)]
import corpus as c  # noqa: E402

rng = random.Random(seed)
V = c.VALUES
GB = c.GB

PERSONAL = {
    "email_address": ("email", V["email"]),
    "ContactEmail": ("email", V["email"]),
    "e-mail": ("email", GB.free_email),
    "mobile_no": ("phone", V["phone"]),
    "Telephone": ("phone", V["phone"]),
    "home_phone": ("phone", lambda: V["phone"]().replace(" ", "")),
    "msisdn": ("phone", lambda: "447" + c.digits(9)),
    "full_name": ("person_name", GB.name),
    "CustomerName": ("person_name", c.person),
    "surname": ("person_name", GB.last_name),
    "first_name": ("person_name", GB.first_name),
    "next_of_kin": ("person_name", c.person),
    "line_manager": ("person_name", c.person),
    "name": ("person_name", c.person),
    "address_line_1": ("address", V["address"]),
    "HomeAddress": ("address", lambda: GB.address().replace("\n", ", ")),
    "street": ("address", V["address"]),
    "postcode": ("postcode", V["postcode"]),
    "PostCode": ("postcode", lambda: V["postcode"]().replace(" ", "")),
    "postal_code": ("postcode", lambda: V["postcode"]().lower()),
    "dob": ("date_of_birth", V["date_of_birth"]),
    "date_of_birth": ("date_of_birth", lambda: GB.date_of_birth().isoformat()),
    "BirthDate": ("date_of_birth", lambda: GB.date_of_birth().strftime("%d/%m/%Y")),
    "nino": ("nino", V["nino"]),
    "NI_Number": ("nino", lambda: V["nino"]().upper().replace(" ", "")[:8]),
    "nhs_no": ("nhs_number", V["nhs_number"]),
    "NHSNumber": ("nhs_number", lambda: c.digits(10)),
    "utr": ("utr", V["utr"]),
    "vat_reg_no": ("vat_number", V["vat_number"]),
    "passport_number": ("passport", V["passport"]),
    "driving_licence_no": ("driving_licence", V["driving_licence"]),
    "electoral_roll_number": ("electoral_roll", V["electoral_roll"]),
    "pupil_upn": ("upn", V["upn"]),
    "sort_code": ("sort_code", V["sort_code"]),
    "bank_sort_code": ("sort_code", lambda: c.digits(6)),
    "account_number": ("bank_account", V["bank_account"]),
    "iban": ("iban", V["iban"]),
    "card_number": ("card", V["card"]),
    "CreditCard": ("card", lambda: "4" + c.digits(15)),
    "vehicle_reg": ("vehicle_registration", V["vehicle_registration"]),
    "mpan": ("mpan", V["mpan"]),
    "mprn": ("mprn", V["mprn"]),
    "client_ip": ("ip_address", V["ip_address"]),
    "mac_address": ("mac_address", V["mac_address"]),
    "imei": ("imei", V["imei"]),
    "api_key": ("credential", V["credential"]),
    "comments": ("free_text", lambda: c.filled(rng.choice([line for line in c.REAL.split("\n") if line]), V)["text"].replace("\n", " ")),
}

WORDS = ["approved", "pending", "closed", "rejected", "draft"]
TECH = ["Offshore Wind", "Onshore Wind", "Solar PV", "Biomass Conversion", "Energy from Waste", "Tidal Stream", "Advanced Conversion"]
SITES = ["Dogger Bank A", "Hornsea Two", "Burbo Bank Extension", "East Anglia One", "Walney Extension", "Neart na Gaoithe", "Drax Unit 3", "Whitelee", "Seagreen Phase 1"]
PLACES = ["Yorkshire", "Lincolnshire", "Moray Firth", "Suffolk", "Cumbria", "Aberdeenshire", "Kent", "Anglesey"]
OPEN = {
    "cfd_id": c.LOOKALIKES["cfd"],
    "bm_unit": c.LOOKALIKES["bmu"],
    "company_number": lambda: rng.choice(("SC", "0", "1")) + c.digits(6).rjust(7, "0")[:7],
    "unit_name": lambda: rng.choice(SITES),
    "technology": lambda: rng.choice(TECH),
    "region": lambda: rng.choice(PLACES),
    "status": lambda: rng.choice(WORDS),
    "settlement_date": lambda: GB.date_between("-2y", "today").isoformat(),
    "settlement_period": lambda: str(rng.randint(1, 48)),
    "strike_price": lambda: f"{rng.uniform(30, 180):.2f}",
    "reference_price": lambda: f"{rng.uniform(-20, 180):.4f}",
    "capacity_mw": lambda: f"{rng.uniform(1, 1400):.3f}",
    "metered_mwh": lambda: f"{rng.uniform(0, 700):.3f}",
    "invoice_number": lambda: "INV-" + c.digits(8),
    "order_ref": lambda: c.digits(10),
    "transaction_id": GB.uuid4,
    "row_hash": GB.sha1,
    "created_at": lambda: GB.date_time_between("-2y").isoformat(),
    "updated_on": lambda: GB.date_between("-2y").strftime("%d/%m/%Y"),
    "version": c.LOOKALIKES["version"],
    "currency": lambda: rng.choice(("GBP", "EUR", "USD")),
    "country": lambda: rng.choice(("United Kingdom", "Ireland", "Norway", "Denmark")),
    "vat_rate": lambda: rng.choice(("0.00", "5.00", "20.00")),
    "is_active": lambda: rng.choice(("true", "false")),
    "email_verified": lambda: rng.choice(("Y", "N")),
    "phone_type": lambda: rng.choice(("mobile", "home", "work")),
    "address_id": lambda: c.digits(6),
    "barcode": lambda: "50" + c.digits(11),
    "part_number": c.LOOKALIKES["part"],
    "company_name": c.LOOKALIKES["firm"],
    "product_name": lambda: rng.choice(("Standard Tariff", "Green Fixed 24", "Smart Export", "Flex Saver")),
    "latitude": lambda: f"{rng.uniform(50, 59):.6f}",
    "longitude": lambda: f"{rng.uniform(-7, 1):.6f}",
    "epoch_ms": lambda: str(rng.randint(1_600_000_000_000, 1_800_000_000_000)),
    "quantity": lambda: str(rng.randint(1, 100_000)),
    "meter_serial": lambda: "E" + c.digits(2) + "VG" + c.digits(7),
    "file_name": lambda: f"extract_{c.digits(8)}.csv",
    "url_path": lambda: f"/reports/{c.digits(4)}/q{rng.randint(1, 4)}",
    "percentage": lambda: f"{rng.uniform(0, 100):.1f}%",
    "delivery_year": lambda: f"{rng.randint(2020, 2030)}/{rng.randint(21, 31)}",
    "allocation_round": lambda: rng.choice(("AR1", "AR2", "AR3", "AR4")),
    "grid_connection": lambda: rng.choice(("Creyke Beck", "Walpole", "Blyth", "Bramford")),
    "weekday": lambda: rng.choice(("Monday", "Tuesday", "Friday", "Sunday")),
    "month": lambda: rng.choice(("April", "May", "June", "August")),
    "notes_count": lambda: str(rng.randint(0, 9)),
    "description": lambda: rng.choice(("Half hourly output of the unit.", "Difference payment of the day.", "The unit was out for planned maintenance this week.", "Price taken from the day ahead market.")),
    "priority": lambda: rng.choice("12345"),
    "error_code": lambda: rng.choice(("E-STORE-71", "E-SQL-10", "E-DRIFT-20")),
    "job_name": lambda: rng.choice(("settlements", "contracts", "nightly")),
    "lei_code": lambda: "2138" + "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(14)) + c.digits(2),
}


def cell(make, is_dirty):
    if is_dirty and rng.random() < 0.12:
        return rng.choice(("", "", "n/a", "unknown", "TBC", make()[: rng.randint(2, 5)]))
    return make()


def main():
    columns, truth = [], {}
    for place, (name, (kind, make)) in enumerate(PERSONAL.items()):
        truth[name] = kind
        columns.append((name, make, place % 5 == 0))
    for name, make in OPEN.items():
        truth[name] = None
        columns.append((name, make, False))
        # The same values under a name that says nothing.
        other = f"field_{len(columns)}"
        truth[other] = None
        columns.append((other, make, False))
    with open(out, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([name for name, *_ in columns])
        for _ in range(rows):
            writer.writerow([cell(make, is_dirty) for _, make, is_dirty in columns])
    json.dump(truth, sys.stdout)


main()
