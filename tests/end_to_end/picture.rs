//! The profile picture, from the request for an upload link to the trash.

use std::{collections::BTreeSet, io::Cursor, path::Path, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use image::{
    DynamicImage, GrayImage, ImageEncoder, ImageFormat, Luma, Rgb, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
};
use local::{
    aws::{
        Service,
        faults::{Fault, Target},
    },
    hosts::Trace,
};
use moxcms::ColorProfile;
use sha2::{Digest as _, Sha256};
use tests::{Caller, Cloud, Reply, Value, json, race};

const UPLOADS: &str = "/v1/me/picture/uploads";

/// The left half red, the right half in the given colour.
pub(crate) fn picture(other: [u8; 3]) -> DynamicImage {
    RgbImage::from_fn(640, 480, |x, _| if x < 320 { Rgb([220, 20, 20]) } else { Rgb(other) }).into()
}

pub(crate) fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

fn png() -> Vec<u8> {
    encoded(&picture([20, 20, 220]), ImageFormat::Png)
}

/// A JPEG with a location, and with an orientation that puts its top on the right.
pub(crate) fn photograph() -> Vec<u8> {
    let jpeg = encoded(&picture([20, 20, 220]), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08".to_vec();
    exif.extend(2_u16.to_be_bytes());
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]);
    exif.extend([0x01, 0x0E, 0, 2, 0, 0, 0, 24, 0, 0, 0, 38, 0, 0, 0, 0]);
    exif.extend(b"GPS 52.2297 N, 21.0122 E");
    let length = u16::try_from(exif.len() + 2).unwrap();
    [&jpeg[..2], &[0xFF, 0xE1], &length.to_be_bytes(), &exif, &jpeg[2..]].concat()
}

fn declaration(file: &[u8], content_type: &str) -> Value {
    json!({ "content_type": content_type, "bytes": file.len(), "sha256": BASE64_STANDARD.encode(Sha256::digest(file)) })
}

async fn announce(caller: &Caller, file: &[u8], content_type: &str) -> Value {
    let reply = caller.post(UPLOADS, declaration(file, content_type)).await;
    let link = reply.is(201);
    assert_eq!(reply.header("location"), format!("{UPLOADS}/{}", link["id"].as_str().unwrap()));
    link
}

/// Sends a file to a link, with its headers but for those that `instead` names.
pub(crate) async fn send(cloud: &Cloud, link: &Value, file: &[u8], instead: &[(&str, &str)]) -> Reply {
    let mut sender = cloud.anonymous();
    for (name, value) in link["headers"].as_object().unwrap() {
        // The length is set by the client from the body.
        if name != "content-length" && !instead.iter().any(|(other, _)| other == name) {
            sender = sender.with(name, value.as_str().unwrap());
        }
    }
    for (name, value) in instead.iter().filter(|(_, value)| !value.is_empty()) {
        sender = sender.with(name, value);
    }
    let method = link["method"].as_str().unwrap().parse().unwrap();
    sender.raw(method, link["url"].as_str().unwrap(), None, file.to_vec()).await
}

async fn status(caller: &Caller, link: &Value) -> Value {
    caller.get(&format!("{UPLOADS}/{}", link["id"].as_str().unwrap())).await.is(200)
}

/// Uploads a file and returns its final state.
pub(crate) async fn upload(cloud: &Cloud, caller: &Caller, file: &[u8], content_type: &str) -> Value {
    let link = announce(caller, file, content_type).await;
    send(cloud, &link, file, &[]).await.has(200);
    cloud.settle().await;
    status(caller, &link).await
}

/// The address to which the address of a picture redirects.
async fn look(cloud: &Cloud, address: &Value) -> Reply {
    let anybody = cloud.anonymous();
    let reply = anybody.get(address.as_str().unwrap()).await;
    if reply.status == 302 { anybody.get(&reply.header("location")).await } else { reply }
}

fn pixels(reply: &Reply) -> RgbImage {
    assert_eq!((reply.status.as_u16(), &*reply.header("content-type")), (200, "image/jpeg"), "{reply:?}");
    image::load_from_memory_with_format(&reply.bytes, ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// Every key in every bucket.
pub(crate) fn objects(cloud: &Cloud) -> BTreeSet<String> {
    fn walk(folder: &Path, prefix: &str, keys: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            if entry.path().is_dir() {
                walk(&entry.path(), &key, keys);
            } else if !name.starts_with('.') {
                keys.insert(key);
            }
        }
    }
    let mut keys = BTreeSet::new();
    // Of the bucket of seals nothing is anybody's.
    let seals = |name: &str| name.contains("-seals-");
    let buckets = std::fs::read_dir(cloud.aws.s3.root()).unwrap().map(Result::unwrap);
    for bucket in buckets.filter(|b| b.path().is_dir() && !seals(&b.file_name().to_string_lossy())) {
        walk(&bucket.path(), "", &mut keys);
    }
    keys
}

pub(crate) fn below<'a>(objects: &'a BTreeSet<String>, folder: &str) -> Vec<&'a str> {
    objects.iter().filter(|key| key.starts_with(&format!("{folder}/"))).map(String::as_str).collect()
}

/// A photograph is announced, uploaded, checked and published: upright squares in three sizes, without metadata such as its
/// location.
/// Promise: picture-publish
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photograph_becomes_the_picture() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let photograph = photograph();
    assert!(photograph.windows(3).any(|w| w == b"GPS"));
    let before = ana.get("/v1/me").await;
    let link = announce(&ana, &photograph, "image/jpeg").await;
    assert_eq!(status(&ana, &link).await["state"], "waiting");
    send(&cloud, &link, &photograph, &[]).await.has(200);
    cloud.settle().await;
    let published = status(&ana, &link).await;
    assert_eq!((published["state"].as_str(), published.get("reason")), (Some("published"), None), "{published}");

    let after = ana.get("/v1/me").await;
    assert_eq!(after.is(200)["picture"], published["picture"]);
    assert_ne!(after.header("etag"), before.header("etag"));
    assert_eq!(cloud.member("ben").await.get("/v1/users/ana").await.is(200)["picture"], published["picture"]);
    for (size, side) in [("small", 64), ("medium", 300), ("large", 1024)] {
        let reply = look(&cloud, &published["picture"][size]).await;
        assert!(!reply.bytes.windows(3).any(|w| w == b"GPS") && !reply.bytes.windows(4).any(|w| w == b"Exif"));
        let picture = pixels(&reply);
        assert_eq!(picture.dimensions(), (side, side));
        // The left side of the file is the top of the picture.
        assert!(picture.get_pixel(side / 2, side / 8)[0] > 180 && picture.get_pixel(side / 2, side - side / 8)[2] > 180);
    }
    // The uploaded file is deleted.
    let objects = objects(&cloud);
    assert_eq!((objects.len(), below(&objects, "pictures").len()), (3, 3), "{objects:?}");
}

/// The colours left and right of the middle of the published picture, far from the edges.
async fn halves(cloud: &Cloud, published: &Value) -> [[u8; 3]; 2] {
    let picture = pixels(&look(cloud, &published["picture"]["medium"]).await);
    [60, 240].map(|x| picture.get_pixel(x, 150).0)
}

fn near(one: [u8; 3], other: [u8; 3]) -> bool {
    one.into_iter().zip(other).all(|(a, b)| a.abs_diff(b) <= 8)
}

/// The colours of a file with a profile are converted, because a published picture has none.
/// Promise: picture-looks
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn colours_are_those_of_the_profile_in_the_file() {
    fn in_display_p3(mut encoder: impl ImageEncoder) {
        encoder.set_icc_profile(ColorProfile::new_display_p3().encode().unwrap()).unwrap();
        let image = picture([200, 150, 120]);
        encoder.write_image(image.as_bytes(), image.width(), image.height(), image.color().into()).unwrap();
    }
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let (mut jpeg, mut png, mut webp) = (Vec::new(), Vec::new(), Vec::new());
    in_display_p3(JpegEncoder::new_with_quality(&mut jpeg, 95));
    in_display_p3(PngEncoder::new(&mut png));
    in_display_p3(WebPEncoder::new_lossless(&mut webp));
    for (file, content_type) in [(jpeg, "image/jpeg"), (png, "image/png"), (webp, "image/webp")] {
        let [left, right] = halves(&cloud, &upload(&cloud, &ana, &file, content_type).await).await;
        assert!(near(left, [240, 0, 0]) && near(right, [209, 147, 115]), "{content_type}: {left:?} {right:?}");
    }
}

/// A PNG says with a chunk, which may be behind its pixels, which side is up.
/// Promise: picture-looks
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_png_is_turned_too() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    // Upside down.
    let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0";
    let chunk = [b"eXIf".as_slice(), exif].concat();
    let chunk = [&u32::try_from(exif.len()).unwrap().to_be_bytes(), &*chunk, &crc32(&chunk).to_be_bytes()].concat();
    let png = png();
    let (pixels, end) = png.split_at(png.len() - 12);
    let published = upload(&cloud, &ana, &[pixels, &chunk, end].concat(), "image/png").await;
    let [left, right] = halves(&cloud, &published).await;
    assert!(near(left, [20, 20, 220]) && near(right, [220, 20, 20]), "{left:?} {right:?}");
}

/// Of an animation the first frame is shown, and the area that it does not cover is white.
/// Promise: picture-looks
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_animation_is_shown_on_white() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let animated = include_bytes!("../../shared/files/tests/pictures/animated.webp");
    let [left, right] = halves(&cloud, &upload(&cloud, &ana, animated, "image/webp").await).await;
    assert!(left[0] > 180 && left[2] < 60 && near(right, [255; 3]), "{left:?} {right:?}");
}

/// A phone uploads 50 megapixels, and a film after the picture in the same file.
/// Promise: picture-looks, picture-upload
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_photograph_with_a_film_becomes_the_picture() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let photograph = GrayImage::from_fn(8192, 6144, |x, _| Luma([if x < 4096 { 60 } else { 200 }]));
    // In the film occur the markers of a JPEG too.
    let file = [encoded(&photograph.into(), ImageFormat::Jpeg), b"\xFF\xDA film".repeat(2_500_000)].concat();
    assert!(file.len() > 16_000_000);
    let [left, right] = halves(&cloud, &upload(&cloud, &ana, &file, "image/jpeg").await).await;
    assert!(near(left, [60; 3]) && near(right, [200; 3]), "{left:?} {right:?}");
}

/// The address is stable, the link behind it is short-lived. The reply may not be cached for longer than the link is valid.
/// Promise: picture-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_leads_to_a_link_that_outlives_the_reply() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let address = upload(&cloud, &ana, &png(), "image/png").await["picture"]["medium"].clone();
    let reply = cloud.anonymous().get(address.as_str().unwrap()).await;
    assert_eq!((reply.status.as_u16(), &*reply.header("cache-control")), (302, "public, max-age=600"), "{reply:?}");
    let link = reply.header("location");
    cloud.advance(Duration::from_secs(1199)).await;
    let _ = pixels(&cloud.anonymous().get(&link).await);
    cloud.advance(Duration::from_secs(602)).await;
    cloud.anonymous().get(&link).await.has(403);
    let _ = pixels(&look(&cloud, &address).await);
    // An unknown picture, and an unknown size.
    let other = format!("/v1/pictures/pic_{}/300", "0".repeat(26));
    look(&cloud, &json!(other)).await.has(403);
    for nothing in ["default/301", "default/64.jpg", "pic_x/64", "usr_00000000000000000000000000/64"] {
        cloud.anonymous().get(&format!("/v1/pictures/{nothing}")).await.is_problem(404, "not_found");
    }
}

/// A script, whose requests name its origin, gets the picture itself with one call to AWS, and pages get the redirect with none. Caches
/// keep the two apart.
/// Promise: picture-address
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_gets_the_picture_itself() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let picture = upload(&cloud, &ana, &png(), "image/png").await["picture"].clone();
    let page = cloud.anonymous();
    let script = page.with("origin", page.origin());
    for (size, side) in [("small", 64), ("medium", 300), ("large", 1024)] {
        let address = picture[size].as_str().unwrap();
        let (redirect, served) = (page.get(address).await, script.get(address).await);
        assert_eq!(redirect.status, 302);
        assert_eq!(pixels(&served).dimensions(), (side, side));
        assert_eq!(served.bytes, page.get(&redirect.header("location")).await.bytes, "{size}");
        assert_eq!(served.header("access-control-allow-origin"), page.origin());
        for (reply, calls) in [(&redirect, 0), (&served, 1)] {
            assert_eq!(reply.header("cache-control"), "public, max-age=600");
            assert!(reply.header("vary").split(", ").any(|name| name == "origin"), "{size}: {}", reply.header("vary"));
            assert!(reply.header("server-timing").contains(&format!("calls={calls} ")), "{size}: {}", reply.header("server-timing"));
        }
    }
    let foreign = page.with("origin", "https://evil.example").get(picture["small"].as_str().unwrap()).await;
    assert_eq!(foreign.has(200).header("access-control-allow-origin"), "", "its script may not read it");
    assert_eq!(pixels(&script.get("/v1/pictures/default/64").await).dimensions(), (64, 64));
    script.get(&format!("/v1/pictures/pic_{}/300", "0".repeat(26))).await.is_problem(404, "not_found");
    ana.delete("/v1/me/picture").await.is(204);
    cloud.settle().await;
    script.get(picture["large"].as_str().unwrap()).await.is_problem(404, "not_found");
}

/// Replies that may be cached depend on the origin, also when none was named: the gateway adds headers for it.
/// Promise: gateway-http
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cached_reply_depends_on_the_origin() {
    let cloud = Cloud::start().await;
    let mut cacheable = 0;
    for path in [
        "/openapi.json",
        "/docs",
        "/docs/docs.js",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/.well-known/security.txt",
        "/v1/pictures/default/64",
        "/v1/nothing",
    ] {
        for caller in [cloud.anonymous(), cloud.anonymous().with("origin", "http://localhost:5173")] {
            let reply = caller.get(path).await;
            let vary: Vec<String> = reply.header("vary").split(", ").map(str::to_owned).collect();
            assert!(vary.contains(&"origin".to_owned()) && vary.contains(&"accept-language".to_owned()), "{path}: {vary:?}");
            cacheable += usize::from(reply.header("cache-control").contains("max-age"));
        }
    }
    assert!(cacheable >= 10);
}

/// A link accepts exactly the declared file. Another type, length, checksum, key or method is refused, and so are an expired link and
/// a list of the objects.
/// Promise: picture-upload
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_takes_exactly_what_was_declared() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let file = png();
    let link = announce(&ana, &file, "image/png").await;
    let other = {
        let mut other = file.clone();
        other[30] ^= 1;
        other
    };
    let checksum = BASE64_STANDARD.encode(Sha256::digest(&other));
    let mut elsewhere = link.clone();
    elsewhere["url"] = link["url"].as_str().unwrap().replacen("incoming/", "pictures/", 1).into();
    let longer = [file.as_slice(), b"x"].concat();
    for (what, refused) in [
        ("another type", send(&cloud, &link, &file, &[("content-type", "text/html")]).await),
        ("two types", send(&cloud, &link, &file, &[("content-type", "image/png, text/html")]).await),
        ("no type", send(&cloud, &link, &file, &[("content-type", "")]).await),
        ("no checksum", send(&cloud, &link, &file, &[("x-amz-checksum-sha256", "")]).await),
        ("another checksum", send(&cloud, &link, &other, &[("x-amz-checksum-sha256", &checksum)]).await),
        ("a longer file", send(&cloud, &link, &longer, &[]).await),
        ("a shorter file", send(&cloud, &link, &file[1..], &[]).await),
        ("another key", send(&cloud, &elsewhere, &file, &[]).await),
    ] {
        assert_eq!(refused.status, 403, "{what}: {refused:?}");
    }
    // S3 answers 400 when the signed headers are right but the checksum of the body is not.
    send(&cloud, &link, &other, &[]).await.has(400);
    let url = link["url"].as_str().unwrap();
    cloud.anonymous().get(url).await.has(403);
    cloud.anonymous().get(url.split('?').next().unwrap()).await.has(403);
    // Nobody can list the objects.
    let bucket = url.split("incoming/").next().unwrap();
    for listing in [bucket.to_owned(), format!("{bucket}?list-type=2"), format!("{bucket}?list-type=2&prefix=incoming/")] {
        cloud.anonymous().get(&listing).await.has(403);
    }
    assert!(objects(&cloud).is_empty(), "{:?}", objects(&cloud));
    assert_eq!(status(&ana, &link).await["state"], "waiting");
    cloud.advance(Duration::from_secs(301)).await;
    send(&cloud, &link, &file, &[]).await.has(403);
    // No file was uploaded, and the link expires.
    cloud.advance(Duration::from_secs(600)).await;
    let told = status(&cloud.sign_in("ana").await, &link).await;
    assert_eq!((told["state"].as_str(), told["reason"].as_str()), (Some("refused"), Some("expired")));
}

/// A file that may not be uploaded is refused before there is a link, with all reasons at once. Twenty announcements an hour.
/// Promise: picture-upload
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_announced() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let good = declaration(b"x", "image/png");
    for (member, value) in [
        ("content_type", json!("image/gif")),
        ("content_type", json!("image/svg+xml")),
        ("content_type", json!("image/png, text/html")),
        ("content_type", json!("IMAGE/PNG")),
        ("bytes", json!(0)),
        ("bytes", json!(-1)),
        ("bytes", json!(26_214_401)),
        ("sha256", json!("abc")),
        ("sha256", json!("0".repeat(64))),
    ] {
        let mut wrong = good.clone();
        wrong[member] = value;
        let code = match member {
            "content_type" => "file_type",
            "bytes" => "file_size",
            _ => "checksum",
        };
        assert_eq!(ana.post(UPLOADS, wrong.clone()).await.field_errors(), [format!("/{member} {code}")], "{wrong}");
    }
    let all = ana.post(UPLOADS, json!({ "content_type": "", "bytes": 0, "sha256": "" })).await.field_errors();
    assert_eq!(all, ["/content_type file_type", "/bytes file_size", "/sha256 checksum"]);
    for malformed in
        [json!({}), json!({ "content_type": "image/png", "bytes": "1", "sha256": "" }), json!({ "key": "pictures/x" }), json!([])]
    {
        ana.post(UPLOADS, malformed).await.is_problem(400, "malformed");
    }
    let mut largest = good.clone();
    largest["bytes"] = json!(26_214_400);
    let _ = ana.post(UPLOADS, largest).await.is(201);
    for _ in 1..20 {
        let _ = ana.post(UPLOADS, good.clone()).await.is(201);
    }
    let refused = ana.post(UPLOADS, good.clone()).await;
    refused.is_problem(429, "too_many_requests");
    assert!((1..=3600).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    let _ = cloud.member("ben").await.post(UPLOADS, good.clone()).await.is(201);
    cloud.advance(Duration::from_secs(3601)).await;
    let ana = cloud.sign_in("ana").await;
    let _ = ana.post(UPLOADS, good).await.is(201);
    cloud.anonymous().post(UPLOADS, json!({})).await.is_problem(401, "token_invalid");
}

/// A file that is no picture, not of the declared type, or contains other data too is refused with a reason and deleted, and
/// changes nothing.
/// Promise: picture-checks
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_picture_is_refused_with_a_reason() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let before = ana.get("/v1/me").await;
    let bomb = {
        // Its header declares 30,000 × 30,000 pixels.
        let mut png = png();
        png[16..20].copy_from_slice(&30_000_u32.to_be_bytes());
        png[20..24].copy_from_slice(&30_000_u32.to_be_bytes());
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        png
    };
    let wide = encoded(&DynamicImage::new_rgb8(16_385, 1), ImageFormat::Png);
    let jpeg = encoded(&picture([20, 20, 220]), ImageFormat::Jpeg);
    for (file, content_type, reason) in [
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), "image/png", "not_a_picture"),
        (b"<!doctype html><script>alert(1)</script>".to_vec(), "image/jpeg", "not_a_picture"),
        (b"%PDF-1.7\n".to_vec(), "image/png", "not_a_picture"),
        (b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), "image/webp", "not_a_picture"),
        (b"PK\x03\x04archive".to_vec(), "image/webp", "not_a_picture"),
        (b"x".to_vec(), "image/png", "not_a_picture"),
        (png(), "image/jpeg", "other_type"),
        ([png(), b"<script>alert(1)</script>".to_vec()].concat(), "image/png", "polyglot"),
        (png()[..200].to_vec(), "image/png", "damaged"),
        (jpeg[..jpeg.len() / 2].to_vec(), "image/jpeg", "damaged"),
        ([&jpeg[..jpeg.len() / 2], b"\xFF\xD9"].concat(), "image/jpeg", "damaged"),
        (bomb, "image/png", "too_many_pixels"),
        (wide, "image/png", "too_many_pixels"),
    ] {
        let told = upload(&cloud, &ana, &file, content_type).await;
        assert_eq!(
            (told["state"].as_str(), told["reason"].as_str()),
            (Some("refused"), Some(reason)),
            "{:?}",
            String::from_utf8_lossy(&file[..20.min(file.len())])
        );
        assert!(told.get("picture").is_none());
    }
    assert!(objects(&cloud).is_empty(), "{:?}", objects(&cloud));
    assert_eq!(ana.get("/v1/me").await.header("etag"), before.header("etag"));
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// A failed upload leaves the current picture as it is.
/// Promise: picture-checks
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_upload_keeps_the_picture() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let published = upload(&cloud, &ana, &png(), "image/png").await["picture"].clone();
    let (before, files) = (ana.get("/v1/me").await, objects(&cloud));
    for (file, reason) in [(png()[..200].to_vec(), "damaged"), (b"x".to_vec(), "not_a_picture")] {
        assert_eq!(upload(&cloud, &ana, &file, "image/png").await["reason"], reason);
        let after = ana.get("/v1/me").await;
        assert_eq!((&after.is(200)["picture"], after.header("etag")), (&published, before.header("etag")));
        assert_eq!(objects(&cloud), files);
        assert_eq!(pixels(&look(&cloud, &published["medium"]).await).dimensions(), (300, 300));
    }
}

/// A replaced or removed picture goes to the trash and is deleted after a while. After a removal the default picture is shown.
/// Promise: picture-trash
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_pictures_go_to_the_trash() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let default = ana.get("/v1/me").await.is(200)["picture"].clone();
    let first = upload(&cloud, &ana, &png(), "image/png").await["picture"].clone();
    let second = upload(&cloud, &ana, &photograph(), "image/jpeg").await["picture"].clone();
    assert_ne!(first, second);
    assert_eq!(ana.get("/v1/me").await.is(200)["picture"], second);
    let now = objects(&cloud);
    assert_eq!((now.len(), below(&now, "pictures").len(), below(&now, "trash").len()), (6, 3, 3), "{now:?}");
    look(&cloud, &first["small"]).await.has(403);
    let _ = pixels(&look(&cloud, &second["small"]).await);

    let before = ana.get("/v1/me").await.header("etag");
    for _ in 0..2 {
        let _ = ana.delete("/v1/me/picture").await.is(204);
    }
    cloud.settle().await;
    let me = ana.get("/v1/me").await;
    assert_eq!(me.is(200)["picture"], default);
    assert_ne!(me.header("etag"), before);
    let now = objects(&cloud);
    assert_eq!((below(&now, "pictures").len(), below(&now, "trash").len()), (0, 6), "{now:?}");
    let picture = pixels(&look(&cloud, &default["medium"]).await);
    assert_eq!(picture.dimensions(), (300, 300));
    // The trash is emptied after thirty days, and not before.
    for (days, left) in [(29, 6), (2, 0)] {
        cloud.advance(Duration::from_secs(days * 24 * 3600)).await;
        assert_eq!(below(&objects(&cloud), "trash").len(), left);
    }
    cloud.anonymous().delete("/v1/me/picture").await.is_problem(401, "token_invalid");
}

/// Changing other members of the profile leaves the picture's file as it is, byte for byte.
/// Promise: picture-publish
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changing_the_profile_keeps_the_picture() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let address = upload(&cloud, &ana, &png(), "image/png").await["picture"]["medium"].clone();
    let before = look(&cloud, &address).await;
    for bio in ["one", "two"] {
        let version = ana.get("/v1/me").await.header("etag");
        let _ = ana.with("if-match", version).patch("/v1/me", json!({ "bio": bio })).await.is(200);
    }
    let _ = cloud.sign_in("ana").await;
    cloud.settle().await;
    let after = look(&cloud, &address).await;
    assert_eq!(
        (after.header("etag"), after.header("last-modified"), &after.bytes),
        (before.header("etag"), before.header("last-modified"), &before.bytes)
    );
    assert_eq!(objects(&cloud).len(), 3);
}

/// Somebody else's upload is answered with 404.
/// Promise: object-ownership
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_upload_of_somebody_else_is_answered_as_unknown() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let link = announce(&ana, &png(), "image/png").await;
    let path = format!("{UPLOADS}/{}", link["id"].as_str().unwrap());
    ben.get(&path).await.is_problem(404, "not_found");
    cloud.anonymous().get(&path).await.is_problem(401, "token_invalid");
    for id in ["upl_x", "x", &ana.id(), &format!("upl_{}", "0".repeat(26))] {
        ana.get(&format!("{UPLOADS}/{id}")).await.is_problem(404, "not_found");
    }
}

/// Of ten concurrent uploads the newest becomes the picture, and none of the others stays published.
/// Promise: picture-publish
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_uploads_at_once_the_newest_wins() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let file = png();
    let mut links = Vec::new();
    for _ in 0..10 {
        links.push(announce(&ana, &file, "image/png").await);
    }
    links.sort_by_key(|l| l["id"].as_str().unwrap().to_owned());
    let cloud = std::sync::Arc::new(cloud);
    let statuses = race(links.len(), |i| {
        let (cloud, link, file) = (cloud.clone(), links[i].clone(), file.clone());
        async move { send(&cloud, &link, &file, &[]).await.status.as_u16() }
    })
    .await;
    assert_eq!(statuses, [200; 10]);
    cloud.settle().await;
    let me = ana.get("/v1/me").await.is(200);
    let newest = status(&ana, links.last().unwrap()).await;
    assert_eq!((newest["state"].as_str(), &newest["picture"]), (Some("published"), &me["picture"]));
    for link in links.iter().rev().skip(1) {
        let told = status(&ana, link).await;
        let replaced = told["state"] == "published" && told.get("picture").is_none();
        assert!(replaced || told["reason"] == "superseded", "{told}");
    }
    let now = objects(&cloud);
    assert_eq!((below(&now, "incoming").len(), below(&now, "pictures").len()), (0, 3), "{now:?}");
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// The bucket's event may be delivered twice, concurrently and much later. The picture is published once and stays.
/// Promise: picture-publish, delivery-once
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_comes_again_changes_nothing() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let file = png();
    let link = announce(&ana, &file, "image/png").await;
    let event = uploaded(&ana, &link);
    send(&cloud, &link, &file, &[]).await.has(200);
    for _ in 0..3 {
        cloud.hosts.invoke_async("UploadProcessorFunction", event.clone());
    }
    cloud.settle().await;
    let (published, me) = (status(&ana, &link).await, ana.get("/v1/me").await);
    assert_eq!((published["state"].as_str(), objects(&cloud).len()), (Some("published"), 3));
    // Sent again while the link is good: the same file under the same key.
    send(&cloud, &link, &file, &[]).await.has(200);
    cloud.settle().await;
    assert_eq!(ana.get("/v1/me").await.header("etag"), me.header("etag"));
    // Again when the picture is in the trash: it is not published again.
    let _ = ana.delete("/v1/me/picture").await.is(204);
    cloud.settle().await;
    let trashed = objects(&cloud);
    cloud.hosts.invoke("UploadProcessorFunction", event, &Trace::new(&cloud.sys)).await.unwrap();
    assert_eq!(objects(&cloud), trashed);
    assert_eq!(below(&trashed, "pictures").len(), 0);
}

/// Whichever call of the processor fails or loses its reply, the picture is published once and no files are left over.
/// Promise: picture-publish, consumer-resumes, lost-reply
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_processor_that_fails_anywhere_ends_in_the_same_state() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    let file = png();
    let calls = [
        (Service::DynamoDb, "BatchGetItem"),
        (Service::S3, "GetObject"),
        (Service::S3, "PutObject"),
        (Service::DynamoDb, "TransactWriteItems"),
        (Service::S3, "DeleteObjects"),
        (Service::S3, "CopyObject"),
        (Service::DynamoDb, "UpdateItem"),
    ];
    for fault in [Fault::Internal, Fault::LostAfter] {
        for (service, operation) in calls {
            // All retries of the client are used up, for each of three concurrent calls, and the whole invocation
            // is repeated.
            let times = if matches!(operation, "PutObject" | "CopyObject") { 9 } else { 3 };
            let target = Target::of("UploadProcessorFunction", service, operation).times(times);
            let script = cloud.aws.faults.script(target, fault);
            let published = upload(&cloud, &ana, &file, "image/png").await;
            script.end();
            // The first picture replaces none.
            let retires = matches!(operation, "DeleteObjects" | "CopyObject" | "UpdateItem");
            assert!(script.hits() == times || retires, "{operation} {fault:?}: {}", script.hits());
            assert_eq!(published["state"], "published", "{operation} {fault:?}");
            assert_eq!(ana.get("/v1/me").await.is(200)["picture"], published["picture"]);
            let now = objects(&cloud);
            assert_eq!((below(&now, "incoming").len(), below(&now, "pictures").len()), (0, 3), "{operation} {fault:?}: {now:?}");
        }
    }
    assert!(cloud.aws.dead_letters.list().is_empty());
}

/// The events of two uploads become dead letters, and nobody sends them again. The schedule finds the files after five minutes.
/// Promise: picture-reconcile
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_whose_event_was_given_up_is_found_again() {
    let cloud = Cloud::start().await;
    let (ana, ben) = (cloud.member("ana").await, cloud.member("ben").await);
    let down = Target { function: Some("UploadProcessorFunction".to_owned()), ..Target::default() };
    let down = cloud.aws.faults.script(down, Fault::Internal);
    let (good, damaged) = (png(), png()[..200].to_vec());
    let (first, second) = (announce(&ana, &good, "image/png").await, announce(&ben, &damaged, "image/png").await);
    send(&cloud, &first, &good, &[]).await.has(200);
    send(&cloud, &second, &damaged, &[]).await.has(200);
    cloud.settle().await;
    down.end();
    assert_eq!(cloud.aws.dead_letters.list().len(), 2);
    // The schedule has run, and leaves young files to their events.
    cloud.advance(Duration::from_secs(240)).await;
    assert_eq!((&status(&ana, &first).await["state"], below(&objects(&cloud), "incoming").len()), (&json!("waiting"), 2));
    cloud.advance(Duration::from_mins(15)).await;
    let (ana, ben) = (cloud.sign_in("ana").await, cloud.sign_in("ben").await);
    assert_eq!((&status(&ana, &first).await["state"], &status(&ben, &second).await["state"]), (&json!("published"), &json!("refused")));
    let now = objects(&cloud);
    assert_eq!((below(&now, "incoming").len(), below(&now, "pictures").len()), (0, 3), "{now:?}");
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, b| (0..8).fold(crc ^ u32::from(*b), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 }))
}

/// The event that the bucket sends for an upload.
pub(crate) fn uploaded(owner: &Caller, link: &Value) -> Box<serde_json::value::RawValue> {
    let key = format!("incoming/{}/{}", owner.id(), link["id"].as_str().unwrap());
    let record = json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1", "eventTime": "2026-11-21T08:00:00.000Z",
        "eventName": "ObjectCreated:Put", "userIdentity": { "principalId": "AWS:AROAEXAMPLE" }, "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {}, "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "uploaded",
            "bucket": { "name": "files", "ownerIdentity": { "principalId": "A3NL1KOZZKEXAMPLE" }, "arn": "arn:aws:s3:::files" },
            "object": { "key": key, "size": 1, "eTag": "d41d8cd98f00b204e9800998ecf8427e", "sequencer": "0069201A80B1C2D3E4" }
        }
    });
    serde_json::value::to_raw_value(&json!({ "Records": [record] })).unwrap()
}
