//! Words around names, by hand: titles, greetings, roles, firms, streets, and what looks like a name and is none.

/// Words before a name that are no part of it.
pub const TITLES: &str = " mr mrs ms miss mx dr prof professor sir lady lord rev reverend cllr councillor capt captain sgt sergeant dame father sister nurse judge \
justice baroness baron revd hon messrs master madam fr br col colonel major lt cpl insp inspector pc dc doctor corporal lieutenant brigadier viscount viscountess countess rabbi imam ";

/// A word right before a name: who is greeted, signs, or is spoken of.
pub const CUES: &str = " dear hi hello hey hiya morning afternoon evening regards sincerely faithfully thanks thanx thx cheers wishes name named attn fao cc \
contact signed patient customer client tenant claimant applicant employee caller resident pupil student cardholder holder beneficiary payee \
landlord witness nee alias aka surname forename colleague manager engineer agent adviser advisor son daughter wife husband mother father brother sister mum dad \
partner carer guardian executor neighbour nephew niece uncle aunt grandson granddaughter spouse fiance author owner user buyer seller operator \
candidate nominee defendant attendee driver passenger guest member volunteer clinician consultant gp solicitor trustee director signatory yours truly \
love xx op posted complainant recipient sender assignee reporter requester assigned reviewer approver attendees apologies chaired grantor grantee visitor clerk treasurer caretaker concierge landowner freeholder leaseholder \
barrister midwife therapist physio dentist headteacher mentor interviewer interviewee respondent petitioner plaintiff deceased lodger licensee \
householder courier technician electrician plumber builder supervisor foreman handler surveyor assessor registrar tutor lecturer ta ";

/// Two words right before a name.
pub const CUE_PAIRS: &str = "|of kin|spoke to|spoke with|speak to|speak with|speaking to|speaking with|spoken to|spoken with|talked to|talk to|talking to|name of|name is|name was|names is|this is|i am|i m|it s|my name|call from|called from|email from|letter from|letter to|message from|message for|voicemail from|meeting with|met with|met by|ask for|asked for|asking for|signed by|written by|prepared by|reported by|approved by|submitted by|created by|updated by|raised by|assigned to|addressed to|on behalf of|behalf of|visited by|seen by|referred by|known as|attention of|care of|married to|sent by|sent to|owned by|booked by|paid by|login by|taken by|handled by|completed by|reviewed by|authorised by|requested by|complaint from|request from|payment from|refund to|payable to|received from|forwarded to|forward to|copied to|contacted by|interviewed by|delivered to|collected by|chat with|conversation with|appointment with|appointment for|account of|account for|held by|lives with|live with|lady called|girl called|man called|woman called|boy called|guy called|bloke called|lad called|someone called|somebody called|person called|child called|colleague called|friend called|grievance against|grievance by|bullied by|harassed by|";

/// A word right behind a name.
pub const CUES_BEHIND: &str = " said says called rang phoned emailed wrote asked told replied confirmed explained reported requested complained visited mentioned attended \
agreed lives works wants signed thinks joined left arrived paid complains calls needs moved \
picked rings spoke chased apologised promised suggested noticed offered reckons insists admitted queried ";

/// What somebody has done or is to do, behind `has`, `is` or `to` behind a name.
pub const DOES: &str = " signed said called rung emailed replied confirmed agreed asked picked sent left joined retired moved gone \
check draft sign call ring chase confirm send ask reply circulate arrange speak follow liaise write phone email review investigate calling chasing drafting covering \
off away ill back leaving working checking waiting picking sending asking looking born pregnant diagnosed arrested sacked crying unwell poorly bereaved attend turn ";

/// Small words inside of a name.
pub const PARTICLES: &str =
    " de la du van von der den da di dos del al el bin binti ibn ap ab ferch le ter ten af av bint ";

/// A word behind a row of capitals that makes it a firm, a building or a place of work.
pub const FIRMS: &str = " ltd limited plc llp inc corp corporation gmbh sa ag bv llc group holdings sons solicitors associates partners partnership hospital school university \
college academy surgery clinic council bank church club hotel pub inn arms station airport park stadium arena theatre museum library centre center energy power renewables \
wind windfarm farm solar offshore onshore project estate trust foundation charity society institute agency authority department ministry services service systems \
solutions technologies software consulting media insurance assurance investments capital ventures industries engineering construction motors airlines airways \
railway rail water gas electric electricity networks network cup league award prize act bill scheme report agreement contract method test model syndrome disease law \
theorem principle effect scale index avenue street road lane close drive crescent court gardens terrace place square grove mews hill way bridge house cottage lodge \
hall castle palace tower towers building buildings cathedral abbey river lake bay beach island islands mountain mountains valley county borough district ward unit \
team room office suite phase plant site works quarry mill reserve forest wood common green circle boulevard parade quay wharf dock docks lettings properties homes housing stores foods haulage logistics recruitment legal finance accountants surveyors plumbing roofing \
builders scaffolding catering cleaning pharmacy dental nursery bakery butchers garage tyres windows kitchens \
contractors groundworks groundwork supermarket supermarkets electrical joinery removals roofers landscapes glazing interiors ceilings decorators carpets demolition fabrications \
fabricators aggregates quarries utilities architects auctioneers opticians optometrists jewellers undertakers brewery brewing distillery distillers veterinary nurseries couriers \
freight shipping trailers tractors cranes drainage insulation maintenance manufacturing publishers stationers textiles chemicals pharmaceuticals biomass hydro substation \
interconnector windfarms turbines racecourse infirmary hospice barracks reservoir viaduct subsea telecoms healthcare bioenergy energies windpower wholesale wholesalers \
bathrooms furniture blinds autos coachworks boatyard shipyard shipbuilders ironmongers ventilation refrigeration magna parva monachorum episcopi canonicorum ";

/// What is written with a capital and is no part of a name.
pub const STOPS: &str = "january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday mon tue wed thu \
fri sat sun jan feb mar apr jun jul aug sep sept oct nov dec dear hi hello hey hiya regards sincerely faithfully thanks thank cheers kind best wishes yours subject from to cc bcc \
date time phone tel telephone mobile mob email mail fax web website url address postcode account customer client patient agent order invoice ticket note notes ref reference re fwd fw \
please the this that these those there here he she it we they you i my our your his her their a an and or but if so as at by for in of on with about after before when where why \
how who what which yes no ok okay hi's all any some each every both few more most other such only own same than too very can could would should shall will might must do does did \
done is are was were be been being have has had having not nor now then once again further up down out off over under name surname forename firstname lastname title gender sex age dob \
nino nhs utr vat iban bic swift pin id uk gb usa us eu england scotland wales britain ireland british english scottish welsh irish french german polish indian european american \
service services support team department dept office manager director engineer officer assistant administrator secretary chair chairman chief executive head senior junior lead \
account accounts payment payments balance total amount price rate bank card sort code number no visa mastercard paypal microsoft google apple amazon facebook twitter linkedin \
whatsapp teams zoom slack outlook excel word windows linux python java oracle salesforce jira github ofgem lccc hmrc dvla hmpo nhs bbc royal mail post passport licence license \
driving national insurance contract contracts settlement settlements generator supplier meter metering reading readings cfd bmu mpan mprn error warning info debug trace exception \
status active pending closed open resolved complete completed failed success null none true false draft final version page section table figure appendix schedule annex clause \
north south east west northern southern eastern western central upper lower new old great little saint st road street lane avenue close drive house flat unit room floor building \
monday's today tomorrow yesterday morning afternoon evening night week month year day hour christmas easter bank holiday spring autumn winter summer regards, mum dad sir madam \
urgent important confidential attachment attached forwarded original message sent received created updated modified deleted call caller calls complaint query request enquiry \
issue case claim policy delivery parcel tracking collection refund booking appointment meeting visit review report summary action follow update reply delete tenant landlord \
employee employer staff member members user users admin guest visitor student pupil teacher nurse doctor consultant surgeon hospital ward clinic surgery gp pharmacy prescription \
home work job team's lead's hr it pr qa ceo cfo cto coo md pm am api sql json xml csv pdf http https www com org net gov ac co ltd plc llp inc god lord internet covid brexit \
excel's urgent's id's let get got go going see seen send make made take taken give given use used need needed want wanted tell told ask asked say said know known think thought \
look looking find found come coming back just also still even well much many lot per via etc eg ie attn fao asap fyi ps nb tbc tba rsvp iou diy yeah yep yup nope okay swyddog cyngor cynllunio reg occupier homeowner householder colleagues residents sirs taxpayer landowner storm hurricane thx thanx ta pt cx cust ";

/// Places that are names too, or look so.
pub const PLACES: &str = "london manchester birmingham leeds liverpool sheffield bristol glasgow edinburgh cardiff belfast newcastle nottingham leicester coventry bradford hull stoke derby \
plymouth southampton portsmouth wolverhampton swansea aberdeen dundee inverness oxford cambridge york bath exeter norwich ipswich lincoln chester preston lancaster carlisle durham \
sunderland middlesbrough gloucester worcester hereford shrewsbury telford stafford warwick rugby northampton peterborough luton bedford watford slough reading swindon salisbury \
winchester guildford crawley brighton hastings eastbourne canterbury dover maidstone chelmsford colchester southend basildon harlow stevenage hertford doncaster barnsley rotherham \
huddersfield halifax wakefield harrogate scarborough whitby blackpool blackburn burnley bolton bury oldham rochdale stockport wigan warrington crewe macclesfield buxton chesterfield \
mansfield newark grantham boston skegness grimsby scunthorpe stirling perth falkirk paisley kilmarnock ayr dumfries galashiels newport wrexham bangor aberystwyth llandudno derry \
lisburn newry armagh omagh dublin cork galway limerick waterford kent surrey sussex essex suffolk norfolk devon dorset somerset cornwall wiltshire hampshire berkshire \
buckinghamshire oxfordshire hertfordshire bedfordshire cambridgeshire lincolnshire nottinghamshire derbyshire leicestershire rutland northamptonshire warwickshire worcestershire \
shropshire staffordshire cheshire lancashire yorkshire cumbria northumberland fife angus argyll moray clwyd dyfed gwent gwynedd powys glamorgan antrim tyrone fermanagh chelsea \
kensington islington camden hackney lambeth brixton clapham croydon bromley richmond kingston wimbledon paddington euston victoria waterloo westminster stratford hammersmith fulham \
ealing harrow barnet enfield paris berlin madrid rome milan venice florence vienna brussels amsterdam lisbon athens warsaw prague budapest dublin oslo stockholm copenhagen helsinki \
france germany spain italy portugal greece poland ireland belgium austria denmark norway sweden finland iceland switzerland india pakistan bangladesh china japan australia canada \
america africa europe asia egypt israel jordan lebanon turkey georgia chad cuba kenya nigeria ghana sydney melbourne brisbane toronto austin dallas houston denver phoenix chicago \
orlando savannah virginia carolina dakota montana nevada alberta victoria lourdes devonshire hereford ashford epsom woking azure delta falcon helios kestrel solar tempest tyne tay mercury vega \
zenith poseidon heron hawk bay reef shell margate ramsgate reigate kendal selby islay melton kelso elgin corby chatham keighley witney";

/// Rows of words that are places.
pub const PLACE_PAIRS: &str = "|milton keynes|kings lynn|king s lynn|st albans|st helens|st andrews|bury st edmunds|tunbridge wells|royal tunbridge|great yarmouth|port talbot|merthyr tydfil|dogger bank|robin rigg|rhyl flats|gunfleet sands|kentish flats|triton knoll|race bank|sheringham shoal|greater gabbard|london array|east anglia|isle wight|hyde park|regent street|oxford street|baker street|victoria station|london bridge|canary wharf|abbey road|covent garden|notting hill|hong kong|new york|los angeles|san francisco|las vegas|north sea|moray firth|burbo bank|barrow in furness|stoke on trent|stratford upon avon|newcastle upon tyne|southend on sea|weston super mare|henley on thames|kingston upon thames|richmond upon thames|ashton under lyne|berwick upon tweed|st ives|st austell|st asaph|st neots|martin mere|robin hood|charing cross|king s cross|kings cross|lloyds bank|wells fargo|goldman sachs|john lewis|marks spencer|ernst young|boots chemist|sainsburys|aldi|lidl|tesco|morrisons|waitrose|asda|british gas|scottish power|santander uk|barclays bank|hewlett packard|rolls royce|jp morgan|morgan stanley|merrill lynch|legal general|standard chartered|scott logic|virgin media|sky broadband|harry potter|sherlock holmes|father christmas|";

/// Towns, villages, hills, lochs and islands of two words or more, divided by bars and lines. Common public knowledge, written by hand.
pub const PLACES_KNOWN: &str = include_str!("data/places.txt");

/// Firms, charities, brands, vehicles and methods called like people, likewise; with `&` only where it stands between.
pub const FIRMS_KNOWN: &str = include_str!("data/firms.txt");

/// Wind farms, power stations, cables and solar parks, likewise.
pub const SITES_KNOWN: &str = include_str!("data/sites.txt");

/// Such sites of one word: those that are forenames too are sites only among their like.
pub const SITES: &str = " beatrice sofia mona morgan clyde harestanes kincardine seagreen hornsea walney ormonde erebus ossian morven caledonia salamander campion rampion dudgeon thanet \
whitelee arecleoch kilgallioch gordonbush strathy dorenell griffin fallago crossdykes dersalloch tralorg rothes novar corriegarth dunmaglass stronelairg bhlaraidh beinneun \
lochluichart kilbraur causeymire camster halsary baillie viking clocaenog brechfa sunnica heckington tillbridge cottam longfield springwell drax torness hunterston hinkley sizewell \
heysham keadby pembroke staythorpe cruachan dinorwig foyers fawley carrington marchwood langage coryton ferrybridge eggborough kilroot ballylumford coolkeeragh nemo moyle eleclink \
greenlink glenkerie andershaw dalquhandy galawhistle hagshaw aikengall earlsburn calliachar edinbane helios cleve ";

/// Words beside the names of such sites.
pub const OF_SITES: &str = " wind windfarm windfarms farm farms offshore onshore solar project projects interconnector interconnectors turbine turbines substation substations mw gw cfd bmu \
repowering ";

/// Ends of a street's name.
pub const STREETS: &str = " street st road rd avenue ave av lane ln close cl drive dr way branch manors court ct crescent cres gardens gdns garden place pl terrace terr square sq grove gr hill park mews \
row walk rise view green parade wharf quay broadway embankment mount vale bank common yard gate path field fields meadow meadows croft esplanade promenade circus hollow orchard ridge \
glade copse dene dale brae loan wynd gait boulevard blvd alley alleyway approach arcade bridge brook brooks burg burgs bypass camp canyon cape causeway center centers centre circle \
circles cliff cliffs club commons corner corners course courts cove coves creek crest crossing crossroad curve dam divide drives estate estates expressway extension extensions fall \
falls ferry flat flats ford fords forest forge forges fork forks fort freeway gateway glen glens greens groves harbor harbors haven heights highway hills inlet island islands isle \
junction junctions key keys knoll knolls lake lakes land landing light lights loaf lock locks lodge loop mall manor mill mills mission motorway mountain mountains neck oval overpass \
parks parkway parkways pass passage pike pine pines plain plains plaza point points port ports prairie radial ramp ranch rapid rapids rest ridges river road roads route rue run shoal \
shoals shore shores skyway spring springs spur spurs squares station stravenue stream streets summit throughway trace track trafficway trail tunnel turnpike underpass union unions \
valley valleys via viaduct views village villages ville vista walks wall ways well wells side end green spinney chase paddock paddocks warren wood woods cottages villas buildings \
dell drift drove fold garth heath hurst ings lea leas leaze moor nook piece pound priory quadrant reach roundabout slip steps strand thicket top turn weir wlk cotts bldgs pde cresc mansions ";

/// Ends that a street's name in small letters may have.
pub const STREETS_SURE: &str = " street road rd avenue ave lane close drive crescent gardens terrace square grove mews st court way place parade walk hill row green boulevard ";

/// Words before the number of a part of a house.
pub const UNITS: &str =
    " flat apartment apt unit suite studio room block floor plot maisonette annexe penthouse bedsit caravan chalet ";

/// Words that a house of its own ends with.
pub const HOUSES: &str = " cottage house farm farmhouse barn lodge manor hall villa grange rectory vicarage bungalow mill croft stables oasthouse chapel forge smithy granary dairy schoolhouse parsonage \
gatehouse tollhouse coachhouse homestead steading malthouse boathouse almshouse tower towers ";

/// Words before a street without a number.
pub const LIVES: &str = " at on live lives living address reside resides residing lived moved property home deliver delivered delivery of to near visit ";

/// Words that stand between a number and the word street or road, and name none.
pub const BETWEEN: &str = " the of a an down up mile miles hour hours minute minutes min mins day days week weeks month months year years people cars metres meters km kg along on in at to and \
from for or per is are was by off with this that our my your different main new other more times points ways either each every any both only its his her their \
which such same few many following during before after without since than ";
