//! The frequency of short texts in the supported languages.
//!
//! The frequencies are from the English, Polish and German messages of common free programs, in normal form, with equal weight for each
//! language. The index depends on [`is_common`]: after a change of it, the index has to be rebuilt.

/// Returns whether a text of one or two characters is so common that its list would contain a large part of all records.
pub fn is_common(gram: &str) -> bool {
    let mut chars = gram.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) => is_plain(one),
        (Some(one), Some(two)) if one == ' ' || two == ' ' => is_plain(one) && is_plain(two),
        (Some(one), Some(two)) => PAIRS.iter().any(|(first, seconds)| *first == one && seconds.contains(two)),
        (None, _) => true,
    }
}

/// Letters, digits and punctuation of ASCII.
fn is_plain(c: char) -> bool {
    c.is_ascii() && !c.is_control()
}

/// Returns the rank of a text of three characters among the most frequent ones, from 0. `None` if it is not one of them.
pub fn rank(gram: &str) -> Option<usize> {
    TRIGRAMS.iter().flat_map(|row| row.as_bytes().chunks(3)).position(|frequent| frequent == gram.as_bytes())
}

/// The pairs of letters with a frequency of more than 1 in 5,000: the first letter, and all second letters.
const PAIRS: &[(char, &str)] = &[
    ('a', "bcdfghijklmnprstuvwxyz"),
    ('b', "aeijlorsuy"),
    ('c', "acehijklortuyz"),
    ('d', "acdeilnoprsuyz"),
    ('e', "abcdefghijklmnopqrstuvwxyz"),
    ('f', "aefilorstu"),
    ('g', "aeghilnorstu"),
    ('h', "aeilnortu"),
    ('i', "abcdefgiklmnoprstuvwxz"),
    ('j', "aeis"),
    ('k', "aceilnorstu"),
    ('l', "abdegiklnostuy"),
    ('m', "abeimnopsuy"),
    ('n', "abcdefgiklnopstuvyz"),
    ('o', "abcdfgiklmnoprstuvwz"),
    ('p', "acefiloprstuy"),
    ('q', "u"),
    ('r', "abcdefghiklmnorstuvwyz"),
    ('s', "aceghiklnopstuwyz"),
    ('t', "acefhiklnoprstuwyz"),
    ('u', "abcdefgijklmnprstwz"),
    ('v', "aeio"),
    ('w', "aehilnorsuy"),
    ('x', "ipt"),
    ('y', "abcfjklmnopstw"),
    ('z', "abdeilmnotuwy"),
];

/// The most frequent texts of three characters, by descending frequency.
const TRIGRAMS: &[&str] = &[
    "ie en nieer ion inichon  ni de potiong  prent rete es staingst thele  thatederanitereinhe ed ch in sch be naverne forist",
    " cochestee sden nochtnot toile anndeandor nicna  daungot dat seier doe ae pe dto rze pa is sters wi diht  siwannd ntemen",
    " foestineis tenniae matieniit  we moe n zaerte tn d au koplilikowakonameproznares fie iia eredieange ogenn s unwerend li",
    " ma of wyble jee w verenprzfil art a einge opwietorannnt se sie pl ale zzeia pre ego uslicrdenamn aectbenindas ny s aow ",
    "of et e fzenan ienconge rt ur t walit s fual berhen a  geser miscit derarane cstrjesgo sseessoneanyageundausnenartintach",
    "e uteiall er talinwarablmatn nn tlowormostmitrealen w em lis exusepod od voortmoztalme hereict ns nychat recellustt iale",
    "e eernkow spcomn iabeume zeoznla inisetataonsawi ene btanpisno rmatabcan kat ea s zur s meted lodes tytraoscvalde eitry ",
    "ikaodelleara scultad iteigedo kann wid be aner d kelant tr ae rrteki typgeserd obze areac erwledeset f roo sa w te haehl",
    "iesfehiscsent bt onstcha chth furaltchiskiptia n wa sy suontinsrunrzyargkatn ell naldanowes t trworo peleczybra caparcze",
    "mie numana deadaufuzylesrd perd tczatemignltereiprahans itatctirawld acza zs sastt pnn ut ce ei ej ommecipolr td ne lrat",
    "ts optn fsioe kspealologcatgity prowerr mumus lat cum  orwenramerzamionntinithtare vselja  fet u so byowyusscieystzy n o",
    "ladprenac onianzytmodrinwitnikassvonchlcjinycly n bracdowporje keibei z ic itiican ptiganaltikiess ackgraiedorenerrepebe",
    "owieted igeb uzrozku nntt md ans pecr iireowns dsinnnotowoutfera oietim fun abpoweruwa e ggerlocordlatel ailoryzycmernis",
    "iku netrirchakt vaesc biminalaompve  leielnegnumina giainn vieciven uzeropes ohlentrczns flacenskomnazt rleratuazwuntn m",
    "olegulifiji ty ka gumnor batestelcjaus ik arcrgurwe dloripace jd or ehredziodaposturywaaceacjuchredardd szon shzmin cby ",
    "ssils dlaextwy lt r b klnguenc i  grr fpriatoideonflidyc luspasndaza apiaseom egewirntazieutznfocesemota infs wd fdardef",
    "enncalr omiaenestiromnneolls erstony cz sa frunkemeektedn znypeariritpatrtimetmalt gck zu unialss puldonadasructteoulwid",
    "keyrsihalorzlemo wefetosd bo n bli pdirogrd psigerva csze faanocend dn kr prefhisak chrfinzasiczlasuf enuirdock adklathi",
    "t za tktun zdlorgetu  im buzesbiestot vtawexiaganowthagabrostwoakoriear cour njacspalecy wo dsyseilpakhinopcy schnialans",
    "roctimblaauta kalny nketjscinvisaci tztzanf tlonbeldnipcja utchd wzapwysremt kexps m hetzeput asy tvorw prroaluiezubeodu",
    "elatrortoeigrakactrogdinngssanym quesc trey oeroblirorm si nko c p aka lecey aoracrenatotenvara regg ambeetzeslue  whr w",
    "kticteriafroolusymfiklucnti pie hsow idmaceriikohars cg ti wt lfaiize brtieliewiaoze skchoanc atuppcolgetoveiguklunann r",
    "uczitsdetenar crve lu jact edey zechez slaciawinrn s bhaspe zacsprweipenusgteterggroaden lplay dtryplemboakio zfieo ativ",
    "o tbasngadomolommeosiermoczumbdre crnaki sr rg flokmarounhluli losmmar mszyd clezhatekskrelagbuto ol sanzualo cattnfibol",
    "ndia rckebinyteu ponignapozequlo samtepfig umseklub zmadai dn gg dh abjeimanesbarr us rimeeposup duznirs  upocaongblogno",
    "shodisma a murc ubluga bobjskapieub ieksunhninutrolononiteldh pokasecmaguraxisoliragg inejluellomesajanosurey ieatahls u",
    " elwejtrzapprream erftexi zocesh m aecoodcdexa a cll doureimzezelilautruu wpalwymd ezwaatckcjeloakeymbiwawe iepcurelnnts",
    "stuiowo rzedurdhildcz tininyjs pu wsgurbezwhewacuckempr kedzsouwegaryobi ousu jaktekmmiiejgegciftaiujeay oroemalneh dgan",
    "lumg sisiissktoroblethowejsinkarnroncjernezwieckefiwurm psitrelincyouticzosantyfitylezeacyetaepr",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_titles_contain_is_common() {
        for common in ["a", "7", " ", "-", "th", "ie", "ch", "a ", " a"] {
            assert!(is_common(common), "{common}");
        }
        for rare in ["\u{674e}", "qx", "zj", "\u{674e} ", "24"] {
            assert!(!is_common(rare), "{rare}");
        }
    }

    #[test]
    fn the_rarest_have_no_rank() {
        assert!(rank("nie") < rank("the") && rank("the").is_some());
        assert_eq!((rank("qxz"), rank("th"), rank("then")), (None, None, None));
        // Between two texts of the table.
        assert_eq!(TRIGRAMS.iter().find(|row| row.len() % 3 != 0), None);
    }
}
