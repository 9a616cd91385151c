//! The caller's username.

use tests::Cloud;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_get_their_username() {
    let cloud = Cloud::start().await;
    let ana = cloud.member("ana").await;
    assert_eq!(ana.get("/v1/me/feature-name").await.is(200)["username"], "ana");
    cloud.anonymous().get("/v1/me/feature-name").await.is_problem(401, "token_invalid");
}
