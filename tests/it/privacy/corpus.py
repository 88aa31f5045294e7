"""Texts of many styles with values in them whose places are known, a JSON object a line: {"text": .., "spans": [[start, end, kind], ..]}.

The values come from generators that know nothing of what looks for them: Faker (en_GB and others), python-stdnum, phonenumbers, and for what
these lack the published rule, written here once more. Every text with a real value has a neighbour with a look-alike: another check digit, a
number of an order, a date on which nobody was born.

    corpus.py TEXTS SEED > corpus.jsonl
"""
import json
import random
import sys

import phonenumbers
from faker import Faker
from stdnum import luhn
from stdnum.gb import nhs, upn, utr

rng = random.Random(int(sys.argv[2]))
GB = Faker("en_GB")
OTHERS = [Faker("en_IN"), Faker("pl_PL"), Faker("ro_RO"), Faker("en_IE"), Faker("fr_FR")]
Faker.seed(int(sys.argv[2]))


def digits(count):
    return "".join(rng.choice("0123456789") for _ in range(count))


def grouped(number, *sizes, by=" "):
    parts, at = [], 0
    for size in sizes:
        parts.append(number[at : at + size])
        at += size
    return by.join(parts)


def any_of(*makers):
    return rng.choice(makers)()


def fresh(make):
    """The first of the values that there is: not every front has a check digit."""
    while True:
        value = make()
        if value:
            return value


def nhs_number():
    front = rng.choice("4679") + digits(8)
    number = next((front + check for check in "0123456789" if nhs.is_valid(front + check)), None)
    return number and any_of(lambda: number, lambda: grouped(number, 3, 3, 4), lambda: grouped(number, 3, 3, 4, by="-"))


def utr_number():
    back = digits(9)
    number = utr.calc_check_digit(back) + back
    return any_of(lambda: number, lambda: grouped(number, 5, 5))


def vat_number():
    weights = (8, 7, 6, 5, 4, 3, 2)
    front = rng.choice("123456789") + digits(6)
    check = 97 - sum(int(d) * w for d, w in zip(front, weights)) % 97
    number = front + f"{check:02d}"
    return any_of(lambda: "GB" + number, lambda: "GB " + grouped(number, 3, 4, 2))


def mpan_number():
    primes = (3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43)
    front = str(rng.randint(10, 23)) + digits(10)
    number = front + str(sum(int(d) * p for d, p in zip(front, primes)) % 11 % 10)
    return any_of(lambda: number, lambda: grouped(number, 2, 4, 4, 3))


def mprn_number():
    front = rng.choice("123456789") + digits(7)
    return front + f"{sum(int(d) * w for d, w in zip(front, range(8, 0, -1))) % 11:02d}"


def nino():
    first, second = rng.choice("ABCEGHJKLMNOPRSTWXYZ"), rng.choice("ABCEGHJKLMNPRSTWXYZ")
    if first + second in ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ"):
        return None
    number = digits(6)
    suffix = rng.choice("ABCD")
    return any_of(
        lambda: first + second + number + suffix,
        lambda: " ".join([first + second, number[:2], number[2:4], number[4:], suffix]),
        lambda: "-".join([first + second, number[:2], number[2:4], number[4:], suffix]),
        lambda: (first + second + number + suffix).lower(),
    )


def driving_licence():
    surname = "".join(c for c in GB.last_name().upper() if c.isalpha())[:5].ljust(5, "9")
    born = GB.date_of_birth(minimum_age=17, maximum_age=90)
    month = born.month + rng.choice((0, 50))
    number = f"{surname}{born.year % 100 // 10}{month:02d}{born.day:02d}{born.year % 10}{rng.choice('ABCDEGHJKLMNPRST')}{rng.choice('ABCDEJLMPRST9')}{rng.choice('0123456789')}{rng.choice('ABCDEHKLRVW')}{rng.choice('ABCDEHKLRVW')}"
    return any_of(lambda: number, lambda: grouped(number, 5, 6, 5))


def phone():
    if rng.random() < 0.4:
        return GB.phone_number()
    while True:
        front = rng.choice(("7" + rng.choice("3456789"), "20", "121", "113", "1632", "1865", "28", "29", "800", "300"))
        parsed = phonenumbers.PhoneNumber(44, int(front + digits(10 - len(front))))
        if phonenumbers.is_valid_number(parsed):
            forms = phonenumbers.PhoneNumberFormat
            return phonenumbers.format_number(parsed, rng.choice((forms.NATIONAL, forms.NATIONAL, forms.INTERNATIONAL, forms.E164)))


def person():
    if rng.random() < 0.7:
        return f"{GB.first_name()} {GB.last_name()}"
    other = rng.choice(OTHERS)
    return f"{other.first_name()} {other.last_name()}"


def born():
    day = GB.date_of_birth(minimum_age=1, maximum_age=98)
    return rng.choice((day.strftime("%d/%m/%Y"), day.strftime("%-d %B %Y"), day.isoformat(), day.strftime("%d.%m.%y"), day.strftime("%d-%b-%Y")))


def device():
    front = digits(14)
    return front + luhn.calc_check_digit(front)


def pupil():
    number = digits(12)
    return upn.calc_check_digit("A" + number) + number


def secret():
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "AKIA" + "".join(rng.choice(letters) for _ in range(15)) + "7"


VALUES = {
    "person_name": person,
    "forename": GB.first_name,
    "email": GB.email,
    "phone": phone,
    "postcode": GB.postcode,
    "address": GB.street_address,
    "date_of_birth": born,
    "nino": lambda: fresh(nino),
    "nhs_number": lambda: fresh(nhs_number),
    "utr": utr_number,
    "vat_number": vat_number,
    "passport": lambda: digits(9),
    "driving_licence": driving_licence,
    "electoral_roll": lambda: rng.choice(("AB", "KX", "SWD")) + digits(4),
    "upn": pupil,
    "sort_code": lambda: grouped(digits(6), 2, 2, 2, by="-"),
    "bank_account": lambda: digits(8),
    "iban": lambda: any_of(GB.iban, lambda: grouped(GB.iban(), 4, 4, 4, 4, 4, 2)),
    "card": lambda: GB.credit_card_number(card_type=rng.choice(("visa16", "mastercard", "amex"))),
    "vehicle_registration": GB.license_plate,
    "mpan": mpan_number,
    "mprn": mprn_number,
    "ip_address": lambda: any_of(GB.ipv4, GB.ipv4, GB.ipv6),
    "mac_address": GB.mac_address,
    "imei": device,
    "credential": secret,
}

# In braces the kind of a value; `forename` is a `person_name`.
REAL = """
Dear {person_name},\\n\\nThank you for your enquiry of 3 May. We will write to you at {address}, {postcode} within ten days.\\n\\nYours faithfully\\n{person_name}
Good afternoon {forename}, could you send the form to {email} by Friday? Thanks, {forename}
Please update the record: {person_name}, date of birth {date_of_birth}, National Insurance number {nino}.
{person_name} rang from {phone} to ask about the delay; no action needed.
New patient registered: {person_name}, DOB {date_of_birth}, NHS number {nhs_number}, GP surgery informed.
Our pupil {person_name} (UPN {upn}) joins Year 4 in September.
Bank details received - sort code {sort_code}, account number {bank_account} - please set up the payee.
Payment of the balance was taken from card {card} and a receipt went to {email}.
Transfer the deposit to IBAN {iban} and quote the booking.
The driver, {person_name}, showed licence {driving_licence} and the van was {vehicle_registration}.
Passport number {passport} was checked for {person_name} at the front desk.
Self assessment: UTR {utr}, next payment on account due in January.
She is self-employed, VAT number {vat_number}, and invoices us monthly.
Electricity supply MPAN {mpan} moves to the new tenant, {person_name}, on the 1st.
Gas MPRN {mprn}: engineer could not get in, card left for {forename}.
Electoral roll number {electoral_roll} was entered by hand.
Handset IMEI {imei} was blocked at the request of {person_name}.
INFO auth ok user={email} ip={ip_address} agent=mobile
lease renewed hw={mac_address} addr={ip_address} ttl=3600
{{"customer":"{person_name}","email":"{email}","phone":"{phone}"}}
aws_access_key_id = {credential}
[09:14] {forename}: morning, my mobile is now {phone}\\n[09:15] {forename}: thanks, noted
Visit to {person_name} at {address}, {postcode} went well.
Caller gave name {person_name} and postcode {postcode}.
Name: {person_name}\\nAddress: {address}\\nPostcode: {postcode}\\nTel: {phone}
Forwarding this from {person_name}, who can be reached on {phone} or at {email}.
I spoke to {person_name} yesterday about the boundary fence.
nhs no {nhs_number} / seen in clinic / letter to follow
claimant's nino is {nino}, please verify
Hello, my name is {person_name} and I would like to cancel my order.
Witness: {person_name}, of {address}.
Regards,\\n{person_name}\\n{phone}\\n{email}
{person_name} and {person_name} both signed the agreement.
Reg {vehicle_registration} was clocked at 14:05.
My sort code is {sort_code} and my account is {bank_account}, the name is {person_name}.
The complaint by {person_name} was closed after a call on {phone}.
"""

LOOKALIKES = {
    "number10": lambda: digits(10),
    "number8": lambda: digits(8),
    "number6": lambda: digits(6),
    "number13": lambda: "9" + digits(12),
    "day": lambda: GB.date_between("-3y", "+3y").strftime(rng.choice(("%d/%m/%Y", "%-d %B %Y", "%Y-%m-%d"))),
    "company": lambda: rng.choice(("SC", "NI", "0", "1")) + digits(6).rjust(7, "0")[:7],
    "cfd": lambda: "-".join(("AAA", rng.choice(("DOG", "HRN", "BUR")), str(rng.randint(100, 300)))),
    "bmu": lambda: rng.choice(("T_DRAXX-", "E_BURBO-", "T_MOWEO-")) + str(rng.randint(1, 6)),
    "bad_nhs": lambda: wrong(fresh(nhs_number)),
    "bad_card": lambda: wrong(GB.credit_card_number(card_type="visa16")),
    "bad_iban": lambda: wrong(GB.iban()),
    "bad_vat": lambda: wrong(vat_number()),
    "bad_nino": lambda: "DQ" + digits(6) + "A",
    "version": lambda: ".".join(str(rng.randint(0, 30)) for _ in range(3)),
    "amount": lambda: f"{rng.randint(1, 9)},{digits(3)}.{digits(2)}",
    "uuid": GB.uuid4,
    "firm": lambda: f"{GB.last_name()} {rng.choice(('Energy', 'Holdings', 'Wind Farm'))} {rng.choice(('Ltd', 'Limited', 'plc'))}",
    "sha": lambda: GB.sha1(),
    "part": lambda: f"{digits(4)}-{digits(4)}",
}

FALSE = """
Order {number10} was dispatched on {day} and should arrive within a week.
Invoice {number8} dated {day} for {amount} is overdue.
Company number {company} is the generator for CfD {cfd}.
BM unit {bmu} was unavailable for settlement period 12 on {day}.
The reference {bad_nhs} was not recognised by the portal.
Validation failed for value {bad_card} in row {number6}.
Upload rejected: {bad_iban} has a wrong check digit.
Supplier code {bad_vat} does not exist.
Ticket {number8} reopened after release {version}.
Trace {uuid} finished in {number6} ms.
{firm} signed the contract on {day}.
Commit {sha} built on {day}.
Use part {part} instead of {part}.
Barcode {number13} is printed on the box.
The meeting on {day} is in room 14, please bring 2 copies.
Policy code {bad_nino} is no longer sold.
Job {number6} read {number8} rows from the extract of {day}.
Strike price {amount} applies from {day} under {cfd}.
Serial {number10}, firmware {version}, installed {day}.
We expect output to rise by {amount} MWh after the outage of {bmu}.
The contract with {firm} ends on {day}.
"""


def wrong(number):
    """The same with another last digit."""
    place = max(at for at, sign in enumerate(number) if sign.isdigit())
    return number[:place] + str((int(number[place]) + rng.randint(1, 9)) % 10) + number[place + 1 :]


def filled(template, makers):
    text, spans, at = "", [], 0
    template = template.replace("\\n", "\n").replace("{{", "\x01").replace("}}", "\x02")
    while True:
        start = template.find("{", at)
        if start < 0:
            break
        end = template.index("}", start)
        text += template[at:start]
        kind = template[start + 1 : end]
        value = makers[kind]()
        if makers is VALUES:
            spans.append([len(text), len(text) + len(value), "person_name" if kind == "forename" else kind])
        text += value
        at = end + 1
    text += template[at:]
    return {"text": text.replace("\x01", "{").replace("\x02", "}"), "spans": spans}


def main():
    real = [line for line in REAL.split("\n") if line]
    false = [line for line in FALSE.split("\n") if line]
    for count in range(int(sys.argv[1])):
        made = filled(rng.choice(real), VALUES) if count % 2 == 0 else filled(rng.choice(false), LOOKALIKES)
        print(json.dumps(made))


if __name__ == "__main__":
    main()
