"""Fixed vocabularies of the catalogue. Codes are stored and shown in the API: never rename one.

Vocabularies that staff extend (genres, companies, award bodies, grade definitions) are tables.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class DvdRegion(TextChoices):
    """DVD region codes; an edition holds a set of them."""

    REGION_0 = "0", _("Region 0 (no region lock)")
    REGION_1 = "1", _("Region 1")
    REGION_2 = "2", _("Region 2")
    REGION_3 = "3", _("Region 3")
    REGION_4 = "4", _("Region 4")
    REGION_5 = "5", _("Region 5")
    REGION_6 = "6", _("Region 6")
    REGION_7 = "7", _("Region 7")
    REGION_8 = "8", _("Region 8")
    ALL = "ALL", _("All regions")


class BlurayRegion(TextChoices):
    """Blu-ray region codes."""

    A = "A", _("Region A")
    B = "B", _("Region B")
    C = "C", _("Region C")
    ABC = "ABC", _("All regions")


class VideoStandard(TextChoices):
    """Picture standard of a disc; separate from its region (Japan is region 2 and NTSC)."""

    PAL = "PAL", _("PAL")
    NTSC = "NTSC", _("NTSC")
    SECAM = "SECAM", _("SECAM")
    HD = "HD", _("HD")


class Colour(TextChoices):
    """How a film or edition is coloured."""

    COLOR = "color", _("Colour")
    BW = "bw", _("Black & White")
    MIXED = "mixed", _("Colour and black & white")
    COLORIZED = "colorized", _("Colourised")
    TINTED = "tinted", _("Tinted/toned")


class ScreenPresentation(TextChoices):
    """How the picture is fitted to the screen."""

    FULLFRAME = "fullframe", _("Full frame (as shot)")
    PANSCAN = "panscan", _("Pan & scan")
    LETTERBOX = "letterbox", _("Letterbox (not enhanced)")
    ANAMORPHIC = "anamorphic", _("Anamorphic widescreen (16:9 enhanced)")
    OPENMATTE = "openmatte", _("Open matte")
    WINDOWBOX = "windowbox", _("Windowboxed / pillarboxed")


class AudioCodec(TextChoices):
    PCM = "pcm", _("PCM")
    MPEG_AUDIO = "mpeg_audio", _("MPEG audio")
    DOLBY_DIGITAL = "dolby_digital", _("Dolby Digital")
    DOLBY_DIGITAL_EX = "dolby_digital_ex", _("Dolby Digital EX")
    DOLBY_SURROUND = "dolby_surround", _("Dolby Surround")
    DOLBY_TRUEHD = "dolby_truehd", _("Dolby TrueHD")
    DOLBY_DIGITAL_PLUS = "dolby_digital_plus", _("Dolby Digital Plus")
    DOLBY_ATMOS = "dolby_atmos", _("Dolby Atmos")
    DTS = "dts", _("DTS")
    DTS_ES = "dts_es", _("DTS-ES")
    DTS_HD_HIGH_RESOLUTION = "dts_hd_high_resolution", _("DTS-HD High Resolution")
    DTS_HD_MASTER_AUDIO = "dts_hd_master_audio", _("DTS-HD Master Audio")
    DTS_X = "dts_x", _("DTS:X")
    AURO_3D = "auro_3d", _("Auro-3D")
    SDDS = "sdds", _("SDDS")
    OTHER = "other", _("Other")
    UNKNOWN = "unknown", _("Unknown")


class AudioChannels(TextChoices):
    CH_1_0 = "1.0", _("Mono")
    CH_2_0M = "2.0m", _("Dual mono")
    CH_2_0 = "2.0", _("Stereo")
    CH_2_0S = "2.0s", _("Surround (matrixed)")
    CH_4_0 = "4.0", _("4.0")
    CH_5_0 = "5.0", _("5.0")
    CH_5_1 = "5.1", _("5.1")
    CH_6_1 = "6.1", _("6.1")
    CH_7_1 = "7.1", _("7.1")


class AudioKind(TextChoices):
    """What an audio track is to the film."""

    ORIGINAL = "original", _("Original")
    DUBBED = "dubbed", _("Dubbed")
    VOICE_OVER = "voice_over", _("Voice-over")
    COMMENTARY = "commentary", _("Commentary")
    ISOLATED_SCORE = "isolated_score", _("Isolated score")
    MUSIC_AND_EFFECTS = "music_and_effects", _("Music and effects")
    AUDIO_DESCRIPTION = "audio_description", _("Audio description")
    SILENT = "silent", _("Silent/score only")


class SubtitleKind(TextChoices):
    FULL = "full", _("Subtitles")
    SDH = "sdh", _("For the deaf and hard of hearing")
    CC = "cc", _("Closed captions")
    FORCED = "forced", _("Forced (foreign parts only)")
    COMMENTARY = "commentary", _("Commentary/trivia")
    SONGS = "songs", _("Songs only")


class SubtitleDelivery(TextChoices):
    SELECTABLE = "selectable", _("Can be switched off")
    LOCKED = "locked", _("Player-locked with this audio track")
    BURNED = "burned", _("Burned into the picture")
    UNKNOWN = "unknown", _("Not known")


class DiscFormat(TextChoices):
    DVD = "DVD", _("DVD (type unknown)")
    DVD_5 = "DVD-5", _("DVD-5")
    DVD_9 = "DVD-9", _("DVD-9")
    DVD_10 = "DVD-10", _("DVD-10 flipper")
    DVD_14 = "DVD-14", _("DVD-14")
    DVD_18 = "DVD-18", _("DVD-18")
    DVD_R = "DVD-R", _("DVD-R / DVD+R (recordable)")
    DVD_AUDIO = "DVD-AUDIO", _("DVD-Audio")
    BD = "BD", _("Blu-ray (type unknown)")
    BD_25 = "BD-25", _("Blu-ray 25")
    BD_50 = "BD-50", _("Blu-ray 50")
    BD_3D = "BD-3D", _("Blu-ray 3D")
    UHD_50 = "UHD-50", _("Ultra HD Blu-ray 50")
    UHD_66 = "UHD-66", _("Ultra HD Blu-ray 66")
    UHD_100 = "UHD-100", _("Ultra HD Blu-ray 100")
    HDDVD = "HDDVD", _("HD DVD")
    VCD = "VCD", _("Video CD")
    SVCD = "SVCD", _("Super Video CD")
    CD = "CD", _("CD (soundtrack/extra)")
    LD = "LD", _("LaserDisc")
    UMD = "UMD", _("UMD")
    VHS = "VHS", _("VHS cassette")
    BETAMAX = "BETAMAX", _("Betamax")


class Packaging(TextChoices):
    KEEPCASE = "keepcase", _("Keep case (Amaray)")
    SLIMCASE = "slimcase", _("Slim case / THINpak")
    ALPHA = "alpha", _("Multi-disc keep case (Alpha)")
    BDCASE = "bdcase", _("Blu-ray case")
    JEWEL = "jewel", _("Jewel case")
    SNAPPER = "snapper", _("Snap case")
    DIGIPAK = "digipak", _("Digipak")
    DIGIBOOK = "digibook", _("Digibook / mediabook")
    STEELBOOK = "steelbook", _("SteelBook")
    METAL = "metal", _("Other metal case")
    CLAMSHELL = "clamshell", _("Clamshell")
    DRAWER = "drawer", _("Drawer")
    SLEEVE = "sleeve", _("Card sleeve / envelope")
    BOXSET = "boxset", _("Box set (outer box)")
    NEWSPAPER = "newspaper", _("Newspaper/magazine giveaway sleeve")
    NONE = "none", _("No case (disc only)")
    OTHER = "other", _("Other")


class PackagingExtra(TextChoices):
    SLIPCOVER = "slipcover", _("Slipcover")
    OBI = "obi", _("Obi")
    OUTER_BOX = "outer_box", _("Outer box")
    HOLOGRAM_LENTICULAR_COVER = "hologram_lenticular_cover", _("Hologram/lenticular cover")
    SECURITY_STICKER = "security_sticker", _("Security sticker")
    SHRINK_WRAP = "shrink_wrap", _("Shrink wrap")


class Insert(TextChoices):
    BOOKLET = "booklet", _("Booklet")
    CHAPTER_CARD = "chapter_card", _("Chapter card")
    POSTER = "poster", _("Poster")
    POSTCARDS = "postcards", _("Postcards")
    LOBBY_CARDS = "lobby_cards", _("Lobby cards")
    NUMBERED_CERTIFICATE = "numbered_certificate", _("Numbered certificate")
    DIGITAL_CODE_UNUSED = "digital_code_unused", _("Digital code (unused)")
    DIGITAL_CODE_USED = "digital_code_used", _("Digital code (used)")
    COMIC = "comic", _("Comic")
    OTHER = "other", _("Other")


class EditionFlag(TextChoices):
    """Version flags of an edition."""

    SPECIAL_EDITION = "special_edition", _("Special edition")
    DIRECTOR_CUT = "director_cut", _("Director's cut")
    THEATRICAL_CUT = "theatrical_cut", _("Theatrical cut")
    EXTENDED = "extended", _("Extended")
    UNCUT = "uncut", _("Uncut")
    CENSORED_CUT = "censored_cut", _("Censored/cut")
    RESTORED = "restored", _("Restored")
    REMASTERED = "remastered", _("Remastered")
    LIMITED = "limited", _("Limited")
    NUMBERED = "numbered", _("Numbered")
    EX_RENTAL = "ex_rental", _("Ex-rental")
    PROMO = "promo", _("Promo")
    SCREENER = "screener", _("Screener (not for resale)")
    NEWSPAPER_GIVEAWAY = "newspaper_giveaway", _("Newspaper giveaway")
    IMPORT = "import", _("Import")
    OUT_OF_PRINT = "out_of_print", _("Out of print")
    BOOTLEG_SUSPECTED = "bootleg_suspected", _("Bootleg suspected")


class ExtraFeature(TextChoices):
    """Kinds of bonus material."""

    AUDIO_COMMENTARY = "audio_commentary", _("Audio commentary")
    MAKING_OF = "making_of", _("Making-of")
    FEATURETTE = "featurette", _("Featurette")
    INTERVIEW = "interview", _("Interview")
    DELETED_SCENES = "deleted_scenes", _("Deleted scenes")
    ALTERNATE_ENDING = "alternate_ending", _("Alternate ending")
    TRAILER = "trailer", _("Trailer")
    TEASER = "teaser", _("Teaser")
    TV_SPOTS = "tv_spots", _("TV spots")
    GALLERY = "gallery", _("Gallery")
    SHORT_FILM = "short_film", _("Short film")
    MUSIC_VIDEO = "music_video", _("Music video")
    STORYBOARDS = "storyboards", _("Storyboards")
    BLOOPERS = "bloopers", _("Bloopers")
    SCENE_ACCESS = "scene_access", _("Scene access")
    ISOLATED_SCORE = "isolated_score", _("Isolated score")
    DVD_ROM_CONTENT = "dvd_rom_content", _("DVD-ROM content")
    EASTER_EGG = "easter_egg", _("Easter egg")
    FILMOGRAPHY = "filmography", _("Filmography")
    BOOKLET_ESSAY = "booklet_essay", _("Booklet essay")


class Grade(TextChoices):
    """Condition grades, best first; ranks and definitions are in ConditionGrade rows."""

    SEALED = "sealed", _("Sealed")
    LIKE_NEW = "like_new", _("Like New")
    VERY_GOOD = "very_good", _("Very Good")
    GOOD = "good", _("Good")
    ACCEPTABLE = "acceptable", _("Acceptable")
    FAULTY = "faulty", _("Faulty / for display")


class Defect(TextChoices):
    HAIRLINES = "hairlines", _("Hairline marks")
    SCRATCH = "scratch", _("Scratch")
    DEEP_SCRATCH = "deep_scratch", _("Deep scratch")
    SCUFF = "scuff", _("Scuff")
    ROT = "rot", _("Disc rot / bronzing / pin-holes")
    CRACK_HUB = "crack_hub", _("Crack at the hub")
    RESURFACED = "resurfaced", _("Resurfaced (polished)")
    LABEL_MARK = "label_mark", _("Writing or sticker on the label side")
    SKIP = "skip", _("Skips or freezes")
    CRACK_CASE = "crack_case", _("Cracked case")
    HUB_TEETH = "hub_teeth", _("Broken hub teeth")
    REPLACED_CASE = "replaced_case", _("Case replaced")
    STICKER = "sticker", _("Sticker or residue")
    TEAR_WRAP = "tear_wrap", _("Torn wrap")
    DENT = "dent", _("Dent")
    CREASE = "crease", _("Crease")
    TEAR = "tear", _("Tear")
    FADE = "fade", _("Sun fading")
    STAIN = "stain", _("Stain")
    REPRODUCTION = "reproduction", _("Reproduction artwork")
    WRITING = "writing", _("Writing")
    MISSING_INSERT = "missing_insert", _("Insert missing")
    RENTAL_MARK = "rental_mark", _("Ex-rental marks")
    LIBRARY_MARK = "library_mark", _("Ex-library marks")
    SMELL = "smell", _("Smoke or damp smell")


class TestState(TextChoices):
    """How a disc was tested."""

    NOT_TESTED = "not_tested", _("Not tested")
    STARTS = "starts", _("Starts")
    SPOT_CHECKED = "spot_checked", _("Spot-checked")
    PLAYED_IN_FULL = "played_in_full", _("Played in full")
    READ_IN_FULL_BY_DRIVE = "read_in_full_by_drive", _("Read in full by a drive, without errors")
    SEALED = "sealed", _("Sealed")


class Provenance(TextChoices):
    """Where a piece came from."""

    OWN_COLLECTION = "own_collection", _("Own collection")
    PRIVATE_PURCHASE = "private_purchase", _("Private purchase")
    TRADE_IN = "trade_in", _("Trade-in")
    HOUSE_CLEARANCE = "house_clearance", _("House clearance")
    SHOP_CLOSING_STOCK = "shop_closing_stock", _("Shop closing stock")
    EX_RENTAL = "ex_rental", _("Ex-rental")
    EX_LIBRARY = "ex_library", _("Ex-library")
    AUCTION = "auction", _("Auction")
    CHARITY = "charity", _("Charity")
    PUBLISHER = "publisher", _("Publisher")
    UNKNOWN = "unknown", _("Unknown")


class TitleKind(TextChoices):
    ORIGINAL = "original", _("Original")
    TRANSLITERATED = "transliterated", _("Transliterated")
    TRANSLATED = "translated", _("Translated")
    ALTERNATIVE = "alternative", _("Alternative")
    WORKING = "working", _("Working")
    FESTIVAL = "festival", _("Festival")
    SLEEVE = "sleeve", _("Sleeve (as printed)")
    SORT = "sort", _("Sort")
    REISSUE = "reissue", _("Reissue")


class CreditRole(TextChoices):
    ACTOR = "actor", _("Cast")
    VOICE = "voice", _("Voice")
    DIRECTOR = "director", _("Director")
    CODIRECTOR = "codirector", _("Co-director")
    SCREENPLAY = "screenplay", _("Screenplay")
    PLAY = "play", _("Based on the play by")
    NOVEL = "novel", _("Based on the novel by")
    STORY = "story", _("Story")
    DIALOGUE = "dialogue", _("Dialogue")
    PRODUCER = "producer", _("Producer")
    EXEC_PRODUCER = "exec_producer", _("Executive producer")
    CINEMATOGRAPHY = "cinematography", _("Cinematography")
    EDITING = "editing", _("Editing")
    MUSIC = "music", _("Music")
    SONGS = "songs", _("Songs")
    PRODUCTION_DESIGN = "production_design", _("Production design")
    ART_DIRECTION = "art_direction", _("Art direction")
    COSTUME = "costume", _("Costume design")
    MAKEUP = "makeup", _("Make-up")
    SOUND = "sound", _("Sound")
    VFX = "vfx", _("Visual effects")
    NARRATOR = "narrator", _("Narrator")
    COMMENTARY = "commentary", _("Commentary by")
    COVER_ART = "cover_art", _("Cover art")
    SLEEVE_NOTES = "sleeve_notes", _("Sleeve notes")


class CompanyRole(TextChoices):
    PRODUCTION = "production", _("Production")
    DISTRIBUTION = "distribution", _("Distribution (cinema)")
    HOME_VIDEO = "home_video", _("Distribution (home video)")
    LABEL = "label", _("Label")
    RESTORATION = "restoration", _("Restoration")
    SALES_AGENT = "sales_agent", _("Sales agent")
    BROADCASTER = "broadcaster", _("Broadcaster")


class AwardResultKind(TextChoices):
    WON = "won", _("Won")
    NOMINATED = "nominated", _("Nominated")
    SPECIAL_MENTION = "special_mention", _("Special mention")
    DIPLOMA = "diploma", _("Diploma")
    SHORTLISTED = "shortlisted", _("Shortlisted")


class ReleaseKind(TextChoices):
    PREMIERE = "premiere", _("Premiere")
    FESTIVAL = "festival", _("Festival")
    THEATRICAL = "theatrical", _("Theatrical")
    LIMITED = "limited", _("Limited")
    REISSUE = "reissue", _("Reissue")
    RESTORATION = "restoration", _("Restoration")
    HOME_VIDEO = "home_video", _("Home video")
    TELEVISION = "television", _("Television")
    STREAMING = "streaming", _("Streaming")


class BoxOfficeMeasure(TextChoices):
    ADMISSIONS = "admissions", _("Admissions")
    GROSS = "gross", _("Gross")
    OPENING_GROSS = "opening_gross", _("Opening gross")
    RENTALS = "rentals", _("Rentals")
    BUDGET = "budget", _("Budget")


class ConnectionKind(TextChoices):
    EDITED_INTO = "edited_into", _("Edited into")
    FEATURES_FOOTAGE_FROM = "features_footage_from", _("Features footage from")
    REMAKE_OF = "remake_of", _("Remake of")
    REMADE_AS = "remade_as", _("Remade as")
    SEQUEL = "sequel", _("Sequel")
    PREQUEL = "prequel", _("Prequel")
    VERSION_OF = "version_of", _("Version of")
    SPIN_OFF = "spin_off", _("Spin-off")
    REFERENCED_IN = "referenced_in", _("Referenced in")
    REFERENCES = "references", _("References")
    SPOOFED_IN = "spoofed_in", _("Spoofed in")
    FOLLOWS = "follows", _("Follows")
    ALTERNATE_LANGUAGE_VERSION = "alternate_language_version", _("Alternate-language version")
    DOUBLE_BILL_WITH = "double_bill_with", _("Double bill with")
    SIMILAR = "similar", _("Similar film")


class RatingSource(TextChoices):
    SHOP_VISITORS = "shop_visitors", _("Shop visitors")
    IMDB = "imdb", _("IMDb")
    FORUM = "forum", _("Forum")
    ROTTEN_TOMATOES = "rotten_tomatoes", _("Rotten Tomatoes")
    METACRITIC = "metacritic", _("Metacritic")
    LETTERBOXD = "letterboxd", _("Letterboxd")
    CRITIC = "critic", _("Critic")


class ConditionComponent(TextChoices):
    """Parts of a piece that are graded apart; a disc grade belongs to one numbered disc."""

    DISC = "disc", _("Disc")
    CASE = "case", _("Case")
    ARTWORK = "artwork", _("Artwork")
    INSERTS = "inserts", _("Inserts")
    OUTER_BOX = "outer_box", _("Outer box")


class ComponentState(TextChoices):
    """What stands in place of a grade when a component has none."""

    NOT_GRADED = "not_graded", _("Not graded")
    GENERIC_REPLACEMENT = "generic_replacement", _("Generic replacement")
    MISSING = "missing", _("Missing")
    NOT_ISSUED = "not_issued", _("None issued")


class TextKind(TextChoices):
    """Kinds of prose about a film."""

    BLURB = "blurb", _("Blurb")
    HEADING = "heading", _("Heading")
    TAGLINE = "tagline", _("Tagline")
    OUTLINE = "outline", _("Outline")
    SUMMARY = "summary", _("Summary")
    SYNOPSIS = "synopsis", _("Synopsis")
    PLOT = "plot", _("Plot")
    RECEPTION = "reception", _("Reception")
    TRIVIA = "trivia", _("Trivia")
    GOOF = "goof", _("Goof")
    QUOTE = "quote", _("Quote")
    ALTERNATE_VERSION = "alternate_version", _("Alternate version note")
    CRAZY_CREDIT = "crazy_credit", _("Crazy credit")
    SOUNDTRACK = "soundtrack", _("Soundtrack note")
    PRODUCTION = "production", _("Production note")
    COLLECTOR = "collector", _("Collector note")
    PROGRAMME_NOTE = "programme_note", _("Programme note")


class ReviewKind(TextChoices):
    CRITIC = "critic", _("Critic's review")
    EXTRACT = "extract", _("Extract of a critic's review")
    ESSAY = "essay", _("Essay")
    CUSTOMER = "customer", _("Customer review")
    COMMENT = "comment", _("Comment")
    FORUM = "forum", _("Forum remark")
    SHOP = "shop", _("Shop note")
    PRESS_QUOTE = "press_quote", _("Press quote")


class Rights(TextChoices):
    """Why a text or image may be shown; LINK_ONLY never carries a body."""

    OWN = "own", _("Our own")
    LICENSED = "licensed", _("Licensed")
    QUOTATION = "quotation", _("Quotation")
    LINK_ONLY = "link_only", _("Link only")


class ListingState(TextChoices):
    DRAFT = "draft", _("Draft")
    LISTED = "listed", _("Listed")
    RESERVED = "reserved", _("Reserved")
    SOLD = "sold", _("Sold")
    RETURNED = "returned", _("Returned")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class TaxScheme(TextChoices):
    """How a piece is taxed when sold; frozen on the order line."""

    MARGIN = "margin", _("Margin scheme")
    STANDARD = "standard", _("Standard VAT")
    EXEMPT = "exempt", _("No VAT (seller not registered)")


class SellerKind(TextChoices):
    """From whom a piece was bought; the margin scheme asks for it."""

    PRIVATE = "private", _("Private person")
    EXEMPT_BUSINESS = "exempt_business", _("Exempt small business")
    MARGIN_DEALER = "margin_dealer", _("Dealer under the margin scheme")
    VAT_BUSINESS = "vat_business", _("Business charging VAT")
    OWN = "own", _("Owner's collection")


class DatePrecision(TextChoices):
    DAY = "day", _("Day")
    MONTH = "month", _("Month")
    YEAR = "year", _("Year")


class Department(TextChoices):
    """First part of a SKU."""

    MOVIES = "MOV", _("Movies")
    MUSIC = "MUS", _("Music")
    BOOKS = "BOO", _("Books")
    COMICS = "COM", _("Comics")
    GAMES = "GAM", _("Games")
    TOYS = "TOY", _("Toys and figures")
    CARDS = "CRD", _("Cards")
    STAMPS = "STA", _("Stamps")
    COINS = "COI", _("Coins")
    POSTERS = "POS", _("Posters")
    MAGAZINES = "MAG", _("Magazines")
    OTHER = "OTH", _("Other")
