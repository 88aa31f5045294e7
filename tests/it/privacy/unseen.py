"""Texts of styles that `corpus.py` does not have, in its form: notes that an agent typed in a call, letters read by a scanner, logs in JSON,
threads of mail with signatures, addresses of Wales, Scotland and Northern Ireland. The recognisers were not made with these in hand, and are not
to be: what they score here says what they would score elsewhere.

    unseen.py TEXTS SEED > unseen.jsonl
"""
import json
import sys

import corpus
from corpus import GB, LOOKALIKES, VALUES, digits, filled, rng

WALES = ("Heol y Parc", "Ffordd Penrhyn", "Stryd Fawr", "Lôn Gwyn", "Maes Hyfryd", "Heol Dewi", "Clos Brynmor")
SCOTLAND = ("Sauchiehall Street", "Kirk Wynd", "Castle Gait", "Braeside Terrace", "Queensferry Road", "St Vincent Street")
ULSTER = ("Antrim Road", "Shankill Terrace", "Lisnaskea Road", "Malone Avenue", "Ballygomartin Road", "Strand Road")
SCOTTISH_NAMES = ("Eilidh MacAskill", "Ruaridh Sinclair", "Mairi Drummond", "Calum Urquhart", "Fiona Galbraith", "Hamish Kerr")
WELSH_NAMES = ("Rhys Llewellyn", "Siân Gwyther", "Gethin Prosser", "Angharad Bevan", "Dafydd Parry", "Nerys Vaughan")
IRISH_NAMES = ("Aoife McKeown", "Declan O'Kane", "Siobhan Devlin", "Conor McIlroy", "Niamh Gallagher", "Patrick Mulholland")
WRITTEN = {
    "welsh_street": lambda: f"{rng.randint(1, 180)} {rng.choice(WALES)}",
    "scottish_street": lambda: f"{rng.randint(1, 240)} {rng.choice(SCOTLAND)}",
    "ulster_street": lambda: f"{rng.randint(1, 300)} {rng.choice(ULSTER)}",
    "scot": lambda: rng.choice(SCOTTISH_NAMES),
    "welsh": lambda: rng.choice(WELSH_NAMES),
    "irish": lambda: rng.choice(IRISH_NAMES),
    "welsh_code": lambda: f"{rng.choice(('CF', 'SA', 'LL', 'NP'))}{rng.randint(1, 48)} {rng.randint(1, 9)}{rng.choice('AB')}{rng.choice('DEFG')}",
    "scottish_code": lambda: f"{rng.choice(('G', 'EH', 'AB', 'IV'))}{rng.randint(1, 30)} {rng.randint(1, 9)}{rng.choice('AB')}{rng.choice('DEFG')}",
    "ulster_code": lambda: f"BT{rng.randint(1, 82)} {rng.randint(1, 9)}{rng.choice('AB')}{rng.choice('DEFG')}",
}
KIND = {
    "welsh_street": "address", "scottish_street": "address", "ulster_street": "address", "scot": "person_name", "welsh": "person_name",
    "irish": "person_name", "welsh_code": "postcode", "scottish_code": "postcode", "ulster_code": "postcode",
}

REAL = """
cust called in re DD, ID&V passed - {person_name}, dob {date_of_birth}, pc {postcode}. wants c/b on {phone} aft 5
CALL NOTES 11:02 inbound. Spk w/ {person_name}. Acct holder away. LM on {phone}. F/up Tues.
o/b call to {phone} no answer x3, emailed {email} instead, case parked
Cx {person_name} v. unhappy, says letter went to old addr {address}; new one {address}, {postcode}. Updated.
agent: can I take your national insurance number please\\ncaller: yes its {nino}\\nagent: and your name?\\ncaller: {person_name}
Took card pmt over phone, {card}, receipt emailed {email}. Clr advised 3-5 days.
warm transfer from billing: {person_name} on line, nhs {nhs_number}, needs equipment priority register
Vulnerable customer flag set for {person_name} ({date_of_birth} is the DOB on file), carer is {person_name}.
Our Ref: FL/0042   Date: 3rd  March 2025\\n\\nDear  {person_name} ,\\n\\nWe  have received your form.  Your National Insurance number is shown as  {nino} .\\n\\nYours sincerely ,
TO WHOM IT MAY CONCERN   This is to certify that {person_name} of {address} {postcode} has been a tenant since  May 2019 .
Re : Change of bank . Please use sort code {sort_code} and account number {bank_account} from now on . Signed {person_name}
Patient : {person_name}     D.O.B : {date_of_birth}     NHS No : {nhs_number}     Seen in clinic 4B
The holder of passport number {passport} , {person_name} , may collect the documents in person .
Tax reference (UTR) {utr} . Your statement is enclosed . If you have any questions ring {phone} .
{{"ts":"2026-02-11T08:14:22Z","lvl":"warn","evt":"login.failed","usr":"{email}","src":"{ip_address}","n":3}}
{{"event":"kyc_done","applicant":{{"fullName":"{person_name}","dob":"{date_of_birth}","mobile":"{phone}"}},"ok":true}}
{{"level":"info","msg":"sms queued","to":"{phone}","tpl":"otp_v2","ms":41}}
{{"op":"payee.create","sort_code":"{sort_code}","account_number":"{bank_account}","by":"{email}"}}
2026-02-11 08:14:22,119 ERROR [pool-3] MailSender - bounce for {email} (550 user unknown)
dhcpd: DHCPACK on {ip_address} to {mac_address} via eth1
{{"k":"deploy","env":{{"AWS_ACCESS_KEY_ID":"{credential}","REGION":"eu-west-2"}}}}
> On Mon, 2 Feb 2026 at 10:11, {person_name} <{email}> wrote:\\n> can someone pick this up?\\n\\nYes, I will.\\n\\n{forename}
Hi {forename},\\n\\nSee below, the meter is MPAN {mpan}.\\n\\nKind regards\\n\\n{person_name}\\nSenior Adviser | Smart Metering\\nT: {phone}\\nE: {email}
From: {person_name} <{email}>\\nTo: {person_name} <{email}>\\nSubject: RE: access on Thursday\\n\\nThat works for us.
Thanks both - copying in {person_name} who holds the keys.\\n\\n--\\n{person_name}\\nLand & Property\\nMob {phone}
-----Original Message-----\\nFrom: {person_name}\\nSent: 14 January 2026 16:02\\n\\nMy new mobile is {phone}. Best, {forename}
{welsh}, {welsh_street}, Aberystwyth, {welsh_code}
Mae'r cyfarfod gyda {welsh} yn {welsh_street}, {welsh_code}.
Delivery for {welsh} at {welsh_street}, Llanelli {welsh_code} was left with a neighbour.
{scot}\\n{scottish_street}\\nGlasgow\\n{scottish_code}
Please redirect post for {scot} to {scottish_street}, Inverness, {scottish_code} until further notice.
Meter read at {scottish_street}, {scottish_code}. Customer {scot} was not in.
{irish}, {ulster_street}, Belfast {ulster_code}, tel {phone}
The applicant, {irish}, has lived at {ulster_street}, Derry, {ulster_code} for six years.
Spoke with {irish} today about the wayleave at {ulster_street}.
Survey response 118: "I asked for {person_name} twice and nobody phoned me back on {phone}"
Tenant ref check - {person_name} - employer confirms salary - NINO {nino}
Vehicle {vehicle_registration} parked across the gate, keeper {person_name} informed by text.
Refund to IBAN {iban} requested by {person_name}, approved by finance.
Licence check: {driving_licence}, no points, may drive pool cars.
"""

FALSE = """
cust called re outage ref {number8}, adv est restore {day}, no details taken
CALL NOTES 09:41 wrong number, caller wanted order {number10}. Closed.
Our Ref : {number6}/B   Date : {day}\\n\\nDear Sir or Madam ,\\n\\nWe refer to invoice {number8} .
Statement  of  account   Amount due  {amount}   by  {day}
{{"ts":"2026-02-11T08:14:22Z","lvl":"info","evt":"batch.done","id":"{uuid}","rows":{number6} ,"ms":88}}
{{"level":"debug","span":"{sha}","parent":null,"dur_us":{number8} }}
{{"op":"settle","cfd":"{cfd}","unit":"{bmu}","mwh":"{amount}","ver":"{version}"}}
2026-02-11 08:14:22,119 INFO [pool-3] Loader - file {number8}.csv has {number6} rows
kernel: [{number6}.{number6}] usb 1-1: new device, firmware {version}
> the figure in cell D14 should be {amount}, not {amount}\\n\\nAgreed, fixed in {version}.
Subject: RE: {cfd} milestone evidence\\n\\nPlease find attached the report of {day}.
Mae'r contract {cfd} yn dechrau ar {day}.
The turbine at {bmu} tripped at 14:05 and was back on {day}.
Purchase order {number10} for {firm} was raised on {day}.
Survey response 204: "the new tariff is fair and the site was easy to use"
Meter exchange programme phase 2 covers {number6} sites by {day}.
The serial on the inverter is {number10}, the part is {part}.
Company {company} ({firm}) filed accounts on {day}.
Consignment {number13} held at the port since {day}.
Card declined, test value {bad_card}, retry {number6}.
Lookup of {bad_nhs} gave nothing, item closed.
Minutes: the Board noted the Quarterly Report and thanked the Working Group.
North Hoyle Wind Farm and Burbo Bank Extension reported no incidents in Week 14.
Please use the Blue Car Park; the Old Mill entrance is closed until {day}.
Release {version} adds the Dark Theme and removes Internet Explorer support.
"""


def main():
    makers = {**VALUES, **WRITTEN}
    corpus.VALUES = makers
    # `filled` marks what is made by the one table of values.
    corpus.filled.__globals__["VALUES"] = makers
    real = [line for line in REAL.split("\n") if line]
    false = [line for line in FALSE.split("\n") if line]
    for count in range(int(sys.argv[1])):
        made = filled(real[count // 2 % len(real)], makers) if count % 2 == 0 else filled(false[count // 2 % len(false)], LOOKALIKES)
        made["spans"] = [[start, end, KIND.get(kind, kind)] for start, end, kind in made["spans"]]
        print(json.dumps(made))


if __name__ == "__main__":
    main()
