"""
The real fields of each object that the simulated world has nothing for, unless details tell.

Names: the specs of facebook/facebook-business-sdk-codegen; UnifiedMessage has none
there and follows recorded payloads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNSERVED: Mapping[str, frozenset[str]] = {
    "Page": _names(
        """
        about access_token category_list emails fan_count
        has_transitioned_to_new_page_experience is_messenger_platform_bot location
        messaging_feature_status phone talking_about_count unread_notif_count
        unseen_message_count verification_status website
        """
    ),
    "PagePost": _names(
        """
        actions admin_creator allowed_advertising_objectives application backdated_time
        call_to_action can_reply_privately child_attachments comments_mirroring_domain
        coordinates event expanded_height expanded_width feed_targeting full_picture height
        icon instagram_eligibility is_app_share is_eligible_for_dark_post
        is_eligible_for_promotion is_expired is_inline_created is_instagram_eligible
        is_popular is_spherical message_tags multi_share_end_card multi_share_optimized
        parent_id picture place privacy promotable_id promotion_status properties
        scheduled_publish_time shares story story_tags subscribed target targeting
        timeline_visibility via video_buying_eligibility width
        """
    ),
    "Comment": _names(
        """
        admin_creator application attachment live_broadcast_timestamp message_tags
        private_reply_conversation
        """
    ),
    "UnifiedThread": _names(
        """
        former_participants is_owner linked_group name scoped_thread_key wallpaper
        """
    ),
    "UnifiedMessage": _names(
        """
        attachments sticker shares reactions is_unsupported
        """
    ),
    "Photo": _names(
        """
        album alt_text alt_text_custom backdated_time backdated_time_granularity can_backdate
        can_delete can_tag event height icon images name_tags page_story_id picture place
        position source target webp_images width
        """
    ),
    "Recommendation": _names("rating"),
}
