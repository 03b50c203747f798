namespace Agents.ModelServer.Training.Lessons;

/// <summary>Words that names and texts of random trees are made of. What is learnt from and what is tested on share none of the lists.</summary>
public sealed record WordBook(string[] Plain, string[] Foreign, string[] Endings, string[] Hosts)
{
    /// <summary>
    /// Share of words that are made of chance instead of taken from the list. Where the words can be known by heart a model
    /// learns them and not to copy; what it is tested on is made of ordinary words that it never saw.
    /// </summary>
    public double Made { get; init; }

    /// <summary>What made words are made of: the pieces of the vocabulary, so that each is met everywhere.</summary>
    public IReadOnlyList<string> Pieces { get; init; } = [];

    public static WordBook Learning { get; } = new(
        Split("""
            access account action adapter address agent alert alias anchor answer api app archive array asset async audit auth backup
            badge base batch bench binary block board body boot branch bridge broker browser bucket buffer build bundle cache call
            cancel card catalog cell change channel chart check chunk class client clock cluster code codec collect color column
            command commit common compare component config connect console contract control copy core count crash create cursor data
            date debug decide decision default delete deploy design detail device diff digest disk doc docs driver edge edit effect
            encode engine entry error event example export external failure feature fetch field file filter find fixture flag folder
            font form format frame function gateway general glossary graph group guide handle hash head health helper history home host
            http icon image import index info inline input install intake job journal json kernel key label layout ledger library limit
            line link list load local lock log loop main manifest map mark memory menu merge message meta method metric migration mode
            model module monitor name native net node note notes object offset open operator option order output owner package page
            panel parser part patch path pattern payload peer pipe plan plugin policy pool port preview print probe process profile
            program project prompt proof protocol provider proxy public query queue quick quota range rate reader readme record
            reference release remote render replay report request reset resource result retry review rewind role root route rule run
            runner runtime sample scale schema scope screen script search section security seed server service session setting setup
            shard shell signal size slot socket sort source stage start state status step storage store stream string style summary
            support switch symbol sync system table tag target task template terminal test text theme thread time timer token tool
            topic trace track trigger turn type update upload usage user utils vector version view volume wait watch web wheel window
            worker worklist workflow wrapper write zone
            """),
        Split("Größe Übersicht größer Straße façade élève naïve año niño señal coração été Zürich Ångström smörgås żółw čeština škola ключ данные журнал файл файлы тест ответ έργο λόγος δοκιμή 設計 文档 测试 报告 日本語 データ 한국어 문서 עברית قائمة ñandú œuvre Æther ðrag øre"),
        Split("md cs json txt ts py yml sql sh csproj js html css toml xml proto png svg props"),
        Split("example.org example.com test.example docs.example.net localhost:8080 api.example.io www.example.edu"))
    {
        Made = 0.65,
        Pieces = [.. LessonVerbs.Vocabulary().Merges.Select(m => m.Replace(" ", "", StringComparison.Ordinal)).Where(m => m.All(char.IsAsciiLetter))],
    };

    public static WordBook HeldOut { get; } = new(
        Split("""
            acorn almond amber anvil apple aspen autumn bamboo barley basalt beacon beaver birch bishop blossom bottle breeze brick
            candle canyon carbon castle cedar cherry chimney cinder clover cobalt comet copper coral cotton crane crystal cypress dagger
            dahlia desert dolphin dragon drum eagle ember emerald falcon feather fern fiddle fjord flint forest fossil fountain fox
            galaxy garden ginger glacier granite grape hammer harbor hazel heron hollow honey island ivory jacket jasmine juniper kettle
            kitten ladder lantern laurel lemon lily linen lobster lotus magnet mango maple marble meadow mirror mosaic mountain mustard
            nectar needle nettle nickel oasis ocean olive onyx orchard otter oyster paddle pearl pebble pepper pigeon pillow planet plum
            poppy prairie prism puzzle quartz quiver rabbit raven reef ribbon river robin rocket rose ruby saddle saffron sapphire scarf
            shadow silver sparrow spruce squash stone summit sunset thistle thunder tiger timber topaz torch tulip turtle valley velvet
            violet walnut whale willow winter wolf yarrow zephyr zinc
            """),
        Split("Äpfel Brücke fête garçon mañana façon Köln Łódź Příbram дом река вода ποταμός 山川 花园 海岸 森の 바다 하늘 מים نهر Ítaca øst ævintýri"),
        Split("md cs json txt ts py yml sql sh js html css toml xml"),
        Split("example.org sample.example mirror.example.net 127.0.0.1:9000 cdn.example.com"));

    static string[] Split(string text) => text.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
}
